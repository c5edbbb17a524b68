using System.Collections.Immutable;

namespace Amalgam.Core.Ledger.Focus;

public enum FocusType
{
    String,
    Decimal,
    DateTime,
    Json,
}

/// <summary>One column of a dataset as the specification defines it.</summary>
/// <param name="Required">Must be present: mandatory, or conditional on something that this cloud does (capacity reservations, payable invoices, unit pricing, …).</param>
/// <param name="Section">Where the specification says so.</param>
/// <param name="Allowed">Empty = any value of the type.</param>
public sealed record FocusColumn(string Id, FocusType Type, bool Nullable, bool Required, string Section, ImmutableArray<string> Allowed);

/// <summary>A dataset with its rows; a cell is text as it stands in a CSV file, null = null.</summary>
public sealed record FocusTable(string Dataset, string Version, ImmutableArray<string> Columns, IReadOnlyList<IReadOnlyList<string?>> Rows)
{
    public string? Cell(int row, string column) => Columns.IndexOf(column) is >= 0 and var at ? Rows[row][at] : null;
}
