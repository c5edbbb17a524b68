using System.Globalization;
using System.Text;
using Amalgam.Contracts;

namespace Amalgam.ControlPlane.Views;

/// <summary>Comma-separated values as RFC 4180 has them; a text that a spreadsheet would run as a formula is given a leading apostrophe.</summary>
public static class DocumentCsv
{
    public static string Of(DocumentDetailView document)
    {
        var text = new StringBuilder();
        Row(text, "document", "kind", "customer", "currency", "line", "line_kind", "path", "workload_id", "workload", "item", "chip_class", "meter", "quantity", "unit_price", "price_version", "amount", "count", "first", "last", "why");
        foreach (var line in document.Lines)
        {
            Row(
                text, Number(document.Document.Number), document.Document.Kind, document.Document.Customer, document.Document.Currency, Number(line.Number), line.Kind, line.Path, line.WorkloadId,
                line.Workload, line.Item, line.ChipClass, line.Meter, line.Quantity?.ToString(CultureInfo.InvariantCulture), line.UnitPrice, line.PriceVersion?.ToString(CultureInfo.InvariantCulture),
                line.Amount, Number(line.Count), line.First?.ToString("O", CultureInfo.InvariantCulture), line.Last?.ToString("O", CultureInfo.InvariantCulture), line.Why);
        }

        return text.ToString();
    }

    public static void Row(StringBuilder text, params IReadOnlyList<string?> cells) => text.AppendJoin(',', cells.Select(Cell)).Append("\r\n");

    private static string Cell(string? value)
    {
        var cell = value ?? "";
        if (cell.Length > 0 && cell[0] is '=' or '+' or '@' or '\t')
        {
            cell = "'" + cell;
        }

        return cell.AsSpan().IndexOfAny(",\"\r\n") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
