using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`invoice issue | list | show | verify | credit`.</summary>
internal static class InvoiceVerbs
{
    private static readonly Option<bool> AsJson = Verbs.Json();
    private static readonly Argument<int> Number = new("number") { Description = "of the invoice or credit note" };

    public static Command Invoice() => Verbs.Group("invoice", "invoices: issue, show, prove, credit", Issue(), List(), Show(), InvoiceProofVerb.Verify(), Credit(), PoolBillVerbs.IdlePolicy());

    private static Command Issue()
    {
        var month = new Option<string>("--month") { Description = "a month that is over (UTC), 2026-10", Required = true };
        var unit = Verbs.Text("--unit", "only this unit, with all below it; else every unit directly under the root that owes something");
        return Verbs.Remote("issue", "close a month: an immutable picture of what each customer owes for it", async (parsed, client, _) =>
        {
            var request = new InvoiceRequest { Month = parsed.GetValue(month)!, Unit = parsed.GetValue(unit) };
            Print(parsed, await client.SendAsync(HttpMethod.Post, "/api/v1/invoices", request, ContractsJson.Default.InvoiceRequest, ContractsJson.Default.IReadOnlyListDocumentView));
            return 0;
        }, month, unit, AsJson);
    }

    private static Command List()
    {
        var unit = Verbs.Text("--unit", "of this unit and all below it");
        return Verbs.Remote("list", "invoices and credit notes", async (parsed, client, _) =>
        {
            var query = parsed.GetValue(unit) is { } only ? $"?unit={Verbs.Escape(only)}" : "";
            Print(parsed, await client.GetAsync($"/api/v1/invoices{query}", ContractsJson.Default.IReadOnlyListDocumentView));
            return 0;
        }, unit, AsJson);
    }

    private static Command Show()
    {
        var format = new Option<string>("--format") { Description = "table, json, document (the bytes that the hash covers), csv or html (a page to print)", DefaultValueFactory = _ => "table" };
        return Verbs.Remote("show", "one document with all its lines", async (parsed, client, cancel) =>
        {
            var path = $"/api/v1/invoices/{parsed.GetValue(Number)}";
            var form = parsed.GetValue(AsJson) ? "json" : parsed.GetValue(format)!;
            if (form == "table")
            {
                Print(await client.GetAsync(path, ContractsJson.Default.DocumentDetailView));
                return 0;
            }

            await PrintRawAsync(client, $"{path}?format={Verbs.Escape(form)}", cancel);
            return 0;
        }, Number, format, AsJson);
    }

    private static Command Credit()
    {
        var why = new Option<string>("--why") { Description = "the reason; it stands on the credit note", Required = true };
        var line = Verbs.Number("--line", "only this line of the invoice; else all that is left of it");
        var amount = Verbs.Text("--amount", "how much, 12.50; else all that is left");
        return Verbs.Remote("credit", "a credit note: an issued invoice never changes", async (parsed, client, _) =>
        {
            var request = new CreditRequest { Why = parsed.GetValue(why)!, Line = parsed.GetValue(line), Amount = parsed.GetValue(amount) };
            var made = await client.SendAsync(HttpMethod.Post, $"/api/v1/invoices/{parsed.GetValue(Number)}/credits", request, ContractsJson.Default.CreditRequest, ContractsJson.Default.DocumentDetailView);
            if (parsed.GetValue(AsJson))
            {
                Verbs.Print(made, ContractsJson.Default.DocumentDetailView);
            }
            else
            {
                Print(made);
            }

            return 0;
        }, Number, why, line, amount, AsJson);
    }

    /// <summary>What the cloud answers, as it is.</summary>
    internal static async Task PrintRawAsync(ApiClient client, string path, CancellationToken cancel)
    {
        using var answer = await client.AskAsync(HttpMethod.Get, path, null, HttpCompletionOption.ResponseHeadersRead, cancel);
        await using var output = Console.OpenStandardOutput();
        await answer.Content.CopyToAsync(output, cancel);
        if (answer.Content.Headers.ContentType?.MediaType == "application/json" && !path.EndsWith("format=document", StringComparison.Ordinal))
        {
            output.WriteByte((byte)'\n');
        }
    }

    private static void Print(ParseResult parsed, IReadOnlyList<DocumentView> documents)
    {
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(documents, ContractsJson.Default.IReadOnlyListDocumentView);
            return;
        }

        var table = new Table("NUMBER", "KIND", "CUSTOMER", "PERIOD", "ISSUED", "TOTAL", "LEFT", "", "STATE");
        foreach (var document in documents)
        {
            table.Add(
                Text(document.Number), document.Kind, document.Customer, document.From is { } from ? from.ToString("yyyy-MM", CultureInfo.InvariantCulture) : $"invoice {document.Invoice}",
                document.IssuedAt.ToString("u", CultureInfo.InvariantCulture), document.Total, document.Left, document.Currency, document.State);
        }

        table.Print(Console.Out, "no invoices yet: `amalgam invoice issue --month M` closes a month that is over");
    }

    private static void Print(DocumentDetailView detail)
    {
        var document = detail.Document;
        Console.WriteLine(document.Kind == "invoice"
            ? $"invoice {document.Number}  {detail.Seller.Name} to {detail.Buyer.Name}  {document.From:yyyy-MM-dd} to {document.To:yyyy-MM-dd} (exclusive)  issued {document.IssuedAt:u}  due {detail.DueAt:yyyy-MM-dd}  {document.State}"
            : $"credit note {document.Number} for invoice {document.Invoice}  {detail.Seller.Name} to {detail.Buyer.Name}  issued {document.IssuedAt:u}: {detail.Why}");
        Console.WriteLine();
        var table = new Table("LINE", "KIND", "UNIT", "WORKLOAD", "NAME", "ITEM", "CHIP", "METER", "QUANTITY", "UNIT PRICE", "PRICE V", document.Currency, "WHY");
        foreach (var line in detail.Lines)
        {
            table.Add(
                Text(line.Number), line.Kind, line.Path, line.WorkloadId, line.Workload, line.Item, line.ChipClass, line.Meter,
                line.Quantity?.ToString(line.Meter?.EndsWith("tokens", StringComparison.Ordinal) == true ? "0" : "0.000000", CultureInfo.InvariantCulture),
                line.UnitPrice, line.PriceVersion is { } version ? Text(version) : "", line.Amount, line.Why ?? line.Rule);
        }

        table.Print(Console.Out, "no lines");
        Console.WriteLine($"\ntotal {document.Total} {document.Currency}{(detail.Credits.Count == 0 ? "" : $", {document.Left} left after credit note {string.Join(", ", detail.Credits)}")}");
        foreach (var note in detail.Notes)
        {
            Console.WriteLine(note);
        }

        Console.WriteLine($"sha256 {document.Sha256}, journal record {document.Sequence}: `amalgam invoice verify {document.Number}` computes it again");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
