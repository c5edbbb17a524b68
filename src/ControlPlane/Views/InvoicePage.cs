using System.Globalization;
using System.Net;
using System.Text;
using Amalgam.Contracts;

namespace Amalgam.ControlPlane.Views;

/// <summary>An invoice or a credit note as one HTML page to print: no script, nothing from elsewhere.</summary>
public static class InvoicePage
{
    private static readonly (string Fact, string Label)[] Facts =
        [("address", ""), ("country", ""), ("vat-id", "VAT "), ("company-id", "Reg. "), ("email", ""), ("bank", "Bank "), ("iban", "IBAN "), ("bic", "BIC "), ("purchase-order", "Your order ")];

    public static string Of(DocumentDetailView detail)
    {
        var document = detail.Document;
        var credit = document.Kind == "credit-note";
        var title = credit ? $"Credit note {document.Number}" : $"Invoice {document.Number}";
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{Style}</style></head><body><main>\n");
        page.Append(CultureInfo.InvariantCulture, $"<header><div class=\"seller\">{Party(detail.Seller)}</div><h1>{title}</h1></header>\n");
        page.Append(CultureInfo.InvariantCulture, $"<section class=\"heads\"><div><h2>To</h2>{Party(detail.Buyer)}</div><dl>");
        Term(page, "Date", Day(document.IssuedAt));
        if (credit)
        {
            Term(page, "For invoice", document.Invoice!.Value.ToString(CultureInfo.InvariantCulture));
        }
        else
        {
            // The period is shown as people say it: from its first to its last day.
            Term(page, "Period", $"{Day(document.From!.Value)} to {Day(document.To!.Value.AddDays(-1))}");
            Term(page, "Due", Day(detail.DueAt!.Value));
        }

        Term(page, "Customer", document.Customer);
        Term(page, "Currency", document.Currency);
        page.Append("</dl></section>\n");
        if (detail.Why is { } why)
        {
            page.Append(CultureInfo.InvariantCulture, $"<p class=\"why\">{Text(why)}</p>\n");
        }

        Lines(page, detail, credit);
        page.Append(CultureInfo.InvariantCulture, $"<p class=\"total\"><span>{(credit ? "Credited to you" : "Total to pay")}</span> <strong>{Grouped(document.Total)} {document.Currency}</strong></p>\n");
        Foot(page, detail);
        return page.Append("</main></body></html>\n").ToString();
    }

    private static void Lines(StringBuilder page, DocumentDetailView detail, bool credit)
    {
        page.Append("<table><thead><tr><th class=\"n\">#</th><th>What</th><th class=\"n\">Quantity</th><th class=\"n\">Unit price</th><th class=\"n\">Price v.</th><th class=\"n\">Amount</th></tr></thead>\n");
        // One block per unit and workload, in the order of the document, so that the numbers of the lines run through.
        foreach (var group in detail.Lines.Where(line => line.Kind is not "rounding").GroupBy(line => (line.Path, line.WorkloadId, line.Workload, line.Kind)))
        {
            page.Append("<tbody>");
            if (!credit)
            {
                var sum = group.Sum(line => decimal.Parse(line.Amount, NumberStyles.Number, CultureInfo.InvariantCulture));
                page.Append(CultureInfo.InvariantCulture, $"<tr class=\"group\"><th></th><th colspan=\"4\">{Heading(group.Key.Path, group.Key.Workload, group.Key.WorkloadId, group.Key.Kind)}</th><th class=\"n\">{Exact(sum)}</th></tr>");
            }

            foreach (var line in group)
            {
                Line(page, line, credit);
            }

            page.Append("</tbody>\n");
        }

        foreach (var line in detail.Lines.Where(line => line.Kind is "rounding"))
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<tbody><tr class=\"rounding\"><td class=\"n\">{line.Number}</td><td colspan=\"4\">Rounding {Text(line.Why ?? "")}</td><td class=\"n\">{line.Amount}</td></tr></tbody>\n");
        }

        page.Append("</table>\n");
    }

    private static void Line(StringBuilder page, DocumentLineView line, bool credit)
    {
        var tokens = line.Meter?.EndsWith("tokens", StringComparison.Ordinal) == true;
        var meter = (line.Meter ?? "").Replace('-', ' ');
        var rule = line.Rule is null ? "" : $"<br><small>{Text(line.Rule)}</small>";
        var what = credit ? $"{Text(line.Item ?? "")}{(line.Why is null ? "" : $" <small>{Text(line.Why)}</small>")}"
            : tokens ? $"{Text(line.Item ?? "")} <small>{Text(meter)} on {Text(line.ChipClass ?? "")}</small>{rule}"
            : $"{Text(line.Item ?? "")} <small>{Text(meter)}</small>{rule}";
        var quantity = line.Quantity is { } amount ? amount.ToString(tokens ? "#,0" : "#,0.000000", CultureInfo.InvariantCulture) : "";
        var price = line.UnitPrice is { } unit ? $"{unit}<small> / {(tokens ? "1M" : "h")}</small>" : "";
        page.Append(
            CultureInfo.InvariantCulture,
            $"<tr><td class=\"n\">{line.Number}</td><td>{what}</td><td class=\"n\">{quantity}</td><td class=\"n\">{price}</td><td class=\"n\">{line.PriceVersion}</td><td class=\"n\">{line.Amount}</td></tr>");
    }

    private static string Heading(string? path, string? workload, string? id, string kind)
    {
        var name = workload is null ? "" : $"{Text(workload)}{(id is null || id == workload ? "" : $" <small>{Text(id)}</small>")}";
        var place = path is null ? "" : $"<span class=\"path\">{Text(path.Replace("/", " / ", StringComparison.Ordinal))}</span> ";
        var late = kind == "late" ? " <em>used before this period</em>" : kind == "usage" ? "" : $" <em>{Text(kind.Replace('-', ' '))}</em>";
        return $"{place}{name}{late}";
    }

    private static void Foot(StringBuilder page, DocumentDetailView detail)
    {
        page.Append("<footer>");
        foreach (var note in detail.Notes)
        {
            page.Append(CultureInfo.InvariantCulture, $"<p>{Text(note)}</p>");
        }

        page.Append(CultureInfo.InvariantCulture, $"<p class=\"proof\">Amounts of the lines are exact; the rounding is a line of its own. Record {detail.Document.Sequence} of the journal, SHA-256 {detail.Document.Sha256}. ");
        page.Append(CultureInfo.InvariantCulture, $"<code>amalgam invoice verify {detail.Document.Number}</code> computes it again from every request and lease behind it.</p></footer>\n");
    }

    private static string Party(PartyView party)
    {
        var lines = Facts.Where(fact => party.Facts.ContainsKey(fact.Fact)).Select(fact => $"<br>{fact.Label}{Text(party.Facts[fact.Fact])}");
        return $"<strong>{Text(party.Name)}</strong>{string.Concat(lines)}";
    }

    private static void Term(StringBuilder page, string name, string value) => page.Append(CultureInfo.InvariantCulture, $"<dt>{name}</dt><dd>{Text(value)}</dd>");

    private static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("d MMMM yyyy", CultureInfo.InvariantCulture);

    private static string Exact(decimal amount) => amount.ToString("#,0.00#######", CultureInfo.InvariantCulture);

    private static string Grouped(string amount)
    {
        var point = amount.IndexOf('.', StringComparison.Ordinal) is >= 0 and var at ? at : amount.Length;
        return decimal.Parse(amount[..point], CultureInfo.InvariantCulture).ToString("#,0", CultureInfo.InvariantCulture) is var whole && amount[0] == '-' && whole[0] != '-' ? $"-{whole}{amount[point..]}" : $"{whole}{amount[point..]}";
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private const string Style = """
        @page { size: A4; margin: 18mm 16mm; }
        * { box-sizing: border-box; }
        body { margin: 0; background: #f2f2ef; color: #1c1c1a; font: 10.5pt/1.45 "Helvetica Neue", Arial, "Liberation Sans", sans-serif; }
        main { max-width: 190mm; margin: 12mm auto; padding: 16mm; background: #fff; }
        header { display: flex; justify-content: space-between; align-items: flex-start; border-bottom: 2px solid #1c1c1a; padding-bottom: 6mm; }
        h1 { font-size: 20pt; font-weight: 600; margin: 0; white-space: nowrap; }
        h2 { font-size: 8pt; font-weight: 600; text-transform: uppercase; letter-spacing: .08em; color: #6b6b66; margin: 0 0 1mm; }
        .heads { display: flex; justify-content: space-between; gap: 12mm; margin: 8mm 0; }
        dl { display: grid; grid-template-columns: auto auto; gap: .6mm 6mm; margin: 0; align-content: start; }
        dt { color: #6b6b66; } dd { margin: 0; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
        thead th { font-size: 8pt; text-align: left; color: #6b6b66; border-bottom: 1px solid #1c1c1a; padding: 1mm 2mm; }
        td, th { padding: .8mm 2mm; vertical-align: baseline; text-align: left; } .n { text-align: right !important; white-space: nowrap; }
        tbody { break-inside: avoid; } thead { display: table-header-group; }
        .group th { padding-top: 3.5mm; font-weight: 600; border-bottom: 1px solid #d8d8d3; } .path { color: #6b6b66; font-weight: 400; } em { font-weight: 400; color: #8a4b00; }
        td:first-child { color: #6b6b66; } small { color: #6b6b66; font-size: 8.5pt; font-weight: 400; }
        .rounding td { color: #6b6b66; padding-top: 3.5mm; }
        .total { display: flex; justify-content: flex-end; gap: 10mm; margin: 5mm 0 0; padding: 3mm 2mm; border-top: 2px solid #1c1c1a; font-size: 12.5pt; }
        .why { border-left: 3px solid #8a4b00; padding-left: 4mm; }
        footer { margin-top: 10mm; color: #44443f; font-size: 9pt; } .proof { color: #6b6b66; font-size: 8pt; overflow-wrap: anywhere; }
        @media print { body { background: none; } main { margin: 0; padding: 0; max-width: none; } }
        """;
}
