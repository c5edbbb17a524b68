using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Amalgam.Core.Ledger.Invoices;

namespace Amalgam.Core.Ledger.Focus;

/// <param name="Section">Of the specification: dataset, column or attribute.</param>
/// <param name="Row">1, 2, 3, …; 0 = the table as a whole.</param>
public sealed record FocusViolation(string Section, int Row, string Column, string Detail);

/// <summary>
/// Reads a FOCUS table and says where it breaks the specification. It shares nothing with the exporter but the definitions of columns. Each rule names its section.
/// </summary>
public static partial class FocusChecker
{
    public static IReadOnlyList<FocusViolation> Check(FocusTable table)
    {
        var schema = FocusSchema.Of(table.Dataset, table.Version).ToDictionary(column => column.Id, StringComparer.Ordinal);
        var found = new List<FocusViolation>(Columns(table, schema));
        for (var row = 0; row < table.Rows.Count; row++)
        {
            if (table.Rows[row].Count != table.Columns.Length)
            {
                found.Add(new FocusViolation(table.Dataset, row + 1, "", $"{table.Rows[row].Count} cells under {table.Columns.Length} columns"));
                continue;
            }

            found.AddRange(Cells(table, schema, row));
            found.AddRange(table.Dataset switch
            {
                FocusSchema.CostAndUsage => FocusRowRules.CostAndUsage(table, row),
                FocusSchema.InvoiceDetail => FocusRowRules.InvoiceDetail(table, row),
                FocusSchema.ContractCommitment => FocusAgreementRules.ContractCommitment(table, row),
                _ => FocusRowRules.Periods(table, row, "BillingPeriodStart", "BillingPeriodEnd"),
            });
        }

        return found;
    }

    /// <summary>What one dataset says of the other: every commitment that a charge names is described.</summary>
    public static IEnumerable<FocusViolation> Check(FocusTable usage, FocusTable commitments)
    {
        var known = Enumerable.Range(0, commitments.Rows.Count).Select(row => commitments.Cell(row, "ContractCommitmentId")).ToHashSet(StringComparer.Ordinal);
        return from row in Enumerable.Range(0, usage.Rows.Count)
               from id in FocusAgreementRules.Applied(usage.Cell(row, "ContractApplied"))
               where !known.Contains(id)
               select new FocusViolation("ContractCommitment.DatasetCompleteness", row + 1, "ContractApplied", $"the dataset Contract Commitment has no row {id}");
    }

    /// <summary>Presence per version, names, no column twice.</summary>
    private static IEnumerable<FocusViolation> Columns(FocusTable table, Dictionary<string, FocusColumn> schema)
    {
        foreach (var column in schema.Values.Where(column => column.Required && !table.Columns.Contains(column.Id)))
        {
            yield return new FocusViolation(column.Section, 0, column.Id, $"must be present in FOCUS {table.Version}");
        }

        foreach (var name in table.Columns)
        {
            if (!schema.ContainsKey(name) && !name.StartsWith("x_", StringComparison.Ordinal))
            {
                yield return new FocusViolation(
                    "attributes.CustomColumnHandling", 0, name, $"is no column of {table.Dataset} in FOCUS {table.Version}, and a custom column begins with x_");
            }

            if (!PascalCase().IsMatch(name) || name.Length > 50)
            {
                yield return new FocusViolation("attributes.ColumnNaming", 0, name, "column names are in Pascal case, letters and digits only, at most 50");
            }
        }

        foreach (var twice in table.Columns.GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            yield return new FocusViolation("attributes.ColumnNaming", 0, twice.Key, "stands there twice");
        }
    }

    /// <summary>Nulls, types, allowed values.</summary>
    private static IEnumerable<FocusViolation> Cells(FocusTable table, Dictionary<string, FocusColumn> schema, int row)
    {
        for (var at = 0; at < table.Columns.Length; at++)
        {
            var value = table.Rows[row][at];
            if (!schema.TryGetValue(table.Columns[at], out var column))
            {
                if (value is { Length: 0 })
                {
                    yield return new FocusViolation("attributes.NullHandling", row + 1, table.Columns[at], "nothing is null, not an empty text");
                }

                continue;
            }

            if (value is null)
            {
                if (!column.Nullable)
                {
                    yield return new FocusViolation(column.Section, row + 1, column.Id, "must not be null");
                }
            }
            else if (Wrong(column, value) is { } wrong)
            {
                yield return new FocusViolation(wrong.Section, row + 1, column.Id, wrong.Detail);
            }
        }
    }

    private static (string Section, string Detail)? Wrong(FocusColumn column, string value)
    {
        if (value.Length == 0)
        {
            return ("attributes.NullHandling", "nothing is null, not an empty text");
        }

        return column.Type switch
        {
            FocusType.Decimal when !Number().IsMatch(value) => ("attributes.NumericFormat", $"'{value}' is no plain decimal number"),
            FocusType.DateTime when !Instant().IsMatch(value) || !DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, out _) =>
                ("attributes.DateTimeFormat", $"'{value}' is not of the form 2026-11-01T00:00:00Z"),
            FocusType.Json when !IsKeyValue(value) => ("attributes.JsonObjectFormat", "is no JSON object with plain values"),
            FocusType.String when column.Id.EndsWith("Currency", StringComparison.Ordinal) && Currencies.Decimals(value) is null =>
                ("attributes.CurrencyFormat", $"'{value}' is no ISO 4217 code"),
            FocusType.String when column.Id.EndsWith("Unit", StringComparison.Ordinal) && !Unit().IsMatch(value) =>
                ("attributes.UnitFormat", $"'{value}' is no unit such as Hours, Device-Hours or 1000000 Tokens"),
            FocusType.String when value != value.Trim() => ("attributes.StringHandling", "begins or ends with a space"),
            _ when !column.Allowed.IsEmpty && !column.Allowed.Contains(value, StringComparer.Ordinal) =>
                (column.Section, $"'{value}' is none of the allowed values: {string.Join(", ", column.Allowed)}"),
            _ => null,
        };
    }

    private static bool IsKeyValue(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    [GeneratedRegex("^(x_)?[A-Z][A-Za-z0-9]*$")]
    private static partial Regex PascalCase();

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$")]
    private static partial Regex Number();

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")]
    private static partial Regex Instant();

    [GeneratedRegex("^([0-9]+ )?[A-Z][A-Za-z]*([-/][A-Z][A-Za-z]*)?$")]
    private static partial Regex Unit();
}
