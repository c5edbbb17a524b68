using System.Text;
using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Invoices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.ControlPlane.Api;

/// <summary>Invoices and credit notes.</summary>
internal static class InvoiceEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/invoices", List).Produces<IReadOnlyList<DocumentView>>().WithSummary("Invoices and credit notes of the key's subtree");
        api.MapPost("/invoices", IssueAsync).Accepts<InvoiceRequest>("application/json", "*/*").Produces<IReadOnlyList<DocumentView>>(201).WithSummary("Close a month that is over: one invoice, or one per customer");
        api.MapGet("/invoices/{number:int}", Show).Produces<DocumentDetailView>().WithSummary("One document; ?format=json (default), document (the canonical bytes), csv or html");
        api.MapPost("/invoices/{number:int}/credits", CreditAsync).Accepts<CreditRequest>("application/json", "*/*").Produces<DocumentDetailView>(201).WithSummary("A credit note: all that is left of an invoice, or of one line, or an amount");
    }

    private static IResult List(HttpContext context, Cloud cloud, string? unit = null)
    {
        var listed = cloud.Read<Outcome<IReadOnlyList<DocumentView>>>(state =>
            unit is not null && Permission.Check(state, context.Caller(), Role.Auditor, unit) is { } refusal ? refusal : Documents(state, context.Caller(), unit ?? context.Caller().Unit));
        return listed.Refusal is { } refused ? Answers.Refused(refused) : Answers.Json(listed.Value!, ContractsJson.Default.IReadOnlyListDocumentView);
    }

    private static List<DocumentView> Documents(CloudState state, Caller caller, string top) =>
    [
        .. state.Invoices.Invoices.Where(issued => Sees(state, caller, issued.Invoice.Customer, top)).Select(issued => InvoiceViews.Of(state, issued))
            .Concat(state.Invoices.CreditNotes.Where(issued => Sees(state, caller, issued.Note.Customer, top)).Select(InvoiceViews.Of))
            .OrderBy(document => document.Number),
    ];

    /// <summary>A customer that was removed since is seen by the root alone.</summary>
    private static bool Sees(CloudState state, Caller caller, string customer, string top) =>
        state.Units.IsWithin(customer, top) || (caller.Unit == state.Units.Root.Name && top == caller.Unit);

    private static async Task<IResult> IssueAsync(HttpContext context, Cloud cloud)
    {
        var body = await context.BodyAsync(ContractsJson.Default.InvoiceRequest);
        if (body.Refusal is { } bad)
        {
            return Answers.Refused(bad);
        }

        var (month, unit) = (body.Value!.Month, body.Value.Unit);
        if (IssueInvoice.Month(month) is { Refusal: null, Value: var period } && period.ToMs <= cloud.NowMs && cloud.Read(state => IssueInvoice.Allowed(state, context.Caller())) is null)
        {
            // Twice: the idle devices of the month's last day are shared once the first has written what was used of them.
            await cloud.ChangeAsync(context.Actor(), (state, nowMs) => IssueInvoice.Close(state, period.ToMs, nowMs));
            await cloud.ChangeAsync(context.Actor(), (state, nowMs) => IssueInvoice.Close(state, period.ToMs, nowMs));
        }

        var issued = await cloud.ChangeAsync(context.Actor(), (state, nowMs) => IssueInvoice.Decide(state, context.Caller(), month, unit, nowMs));
        if (issued.Refusal is { } refusal)
        {
            return Answers.Refused(refusal);
        }

        IReadOnlyList<DocumentView> views = cloud.Read(state => issued.Value!.Select(number => InvoiceViews.Of(state, state.Invoices.Find(number)!)).ToList());
        return Answers.Json(views, ContractsJson.Default.IReadOnlyListDocumentView, 201);
    }

    private static IResult Show(HttpContext context, Cloud cloud, int number, string format = "json")
    {
        var shown = cloud.Read<Outcome<(IssuedInvoice? Invoice, IssuedCreditNote? Note, DocumentDetailView Detail)>>(state =>
        {
            var (invoice, note) = (state.Invoices.Find(number), state.Invoices.FindNote(number));
            var customer = invoice?.Invoice.Customer ?? note?.Note.Customer;
            return customer is null || !Sees(state, context.Caller(), customer, context.Caller().Unit)
                ? CreditInvoice.NoInvoice(state, number)
                : (invoice, note, invoice is not null ? InvoiceViews.Detail(state, invoice) : InvoiceViews.Detail(note!));
        });
        return shown.Refusal is { } refusal ? Answers.Refused(refusal) : format switch
        {
            "json" => Answers.Json(shown.Value.Detail, ContractsJson.Default.DocumentDetailView),
            "document" => Results.Bytes(shown.Value.Invoice is { } invoice ? InvoiceJson.Write(invoice.Invoice) : InvoiceJson.Write(shown.Value.Note!.Note), "application/json"),
            "csv" => Results.Text(DocumentCsv.Of(shown.Value.Detail), "text/csv", Encoding.UTF8),
            "html" => Results.Text(InvoicePage.Of(shown.Value.Detail), "text/html", Encoding.UTF8),
            _ => Answers.Refused(new Refusal(RefusalCodes.Invalid, $"there is no format '{Names.Clip(format)}' of an invoice: json, document, csv or html")),
        };
    }

    private static async Task<IResult> CreditAsync(HttpContext context, Cloud cloud, int number)
    {
        var body = await context.BodyAsync(ContractsJson.Default.CreditRequest);
        var made = body.Refusal is { } bad
            ? bad
            : await cloud.ChangeAsync(context.Actor(), (state, nowMs) => CreditInvoice.Decide(state, context.Caller(), number, body.Value!, nowMs));
        return made.Refusal is { } refusal
            ? Answers.Refused(refusal)
            : Answers.Json(cloud.Read(state => InvoiceViews.Detail(state.Invoices.FindNote(made.Value)!)), ContractsJson.Default.DocumentDetailView, 201);
    }
}
