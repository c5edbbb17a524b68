using Amalgam.Contracts;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Invoices;

namespace Amalgam.ControlPlane.Views;

/// <summary>Documents as people and programs read them. The documents themselves are in the journal and never change; what is left of an invoice does.</summary>
public static class InvoiceViews
{
    public static DocumentView Of(CloudState state, IssuedInvoice issued)
    {
        var (invoice, left) = (issued.Invoice, Crediting.Left(state.Invoices, issued.Invoice));
        return new DocumentView
        {
            Number = invoice.Number, Kind = "invoice", Customer = invoice.Customer, From = WorkloadViews.Time(invoice.FromMs), To = WorkloadViews.Time(invoice.ToMs),
            IssuedAt = WorkloadViews.Time(invoice.IssuedMs), Currency = invoice.Currency, Total = Currencies.Format(invoice.TotalNano, invoice.Currency),
            Left = Currencies.Format(left, invoice.Currency), State = left == invoice.TotalNano ? "issued" : left == 0 ? "credited" : "partly-credited",
            Sha256 = issued.Sha256, Sequence = issued.Sequence,
        };
    }

    public static DocumentView Of(IssuedCreditNote issued) => new()
    {
        Number = issued.Note.Number, Kind = "credit-note", Customer = issued.Note.Customer, Invoice = issued.Note.InvoiceNumber, IssuedAt = WorkloadViews.Time(issued.Note.IssuedMs),
        Currency = issued.Note.Currency, Total = Currencies.Format(-issued.Note.TotalNano, issued.Note.Currency), State = "issued", Sha256 = issued.Sha256, Sequence = issued.Sequence,
    };

    public static DocumentDetailView Detail(CloudState state, IssuedInvoice issued) => new()
    {
        Document = Of(state, issued),
        Seller = Of(issued.Invoice.Seller),
        Buyer = Of(issued.Invoice.Buyer),
        DueAt = WorkloadViews.Time(issued.Invoice.DueMs),
        Lines = [.. issued.Invoice.Lines.Select(Of)],
        Notes = issued.Invoice.Notes,
        Credits = [.. state.Invoices.NotesOf(issued.Invoice.Number).Select(note => note.Number)],
    };

    public static DocumentDetailView Detail(IssuedCreditNote issued) => new()
    {
        Document = Of(issued),
        Seller = Of(issued.Note.Seller),
        Buyer = Of(issued.Note.Buyer),
        Why = issued.Note.Why,
        Lines = [.. issued.Note.Lines.Select((line, at) => new DocumentLineView
        {
            Number = at + 1, Kind = "credit", Amount = Nano.Format(-line.AmountNano), Item = line.What, Why = line.InvoiceLine == 0 ? null : $"line {line.InvoiceLine} of invoice {issued.Note.InvoiceNumber}",
        })],
    };

    private static PartyView Of(Party party) => new(party.Unit, party.Name, party.Facts);

    private static DocumentLineView Of(InvoiceLine line)
    {
        var rounding = line.Kind == InvoiceLineKind.Rounding;
        return new DocumentLineView
        {
            Number = line.Number,
            Kind = WorkloadViews.Kebab(line.Kind.ToString()),
            Path = Text(line.Path),
            WorkloadId = Text(line.WorkloadId),
            Workload = Text(line.Workload),
            Item = Text(line.Item),
            ChipClass = Text(line.ChipClass),
            Meter = line.Meter is { } meter ? WorkloadViews.Kebab(meter.ToString()) : null,
            Quantity = rounding ? null : line.Meter?.IsTokens() == false ? line.Quantity / 3_600_000_000m : line.Quantity,
            UnitPrice = line.UnitPriceNano is { } price ? Nano.Format(price) : null,
            PriceVersion = rounding ? null : line.PriceVersion,
            Amount = Nano.Format(line.AmountNano),
            Count = line.Count,
            First = rounding ? null : WorkloadViews.Time(line.FirstMs),
            Last = rounding ? null : WorkloadViews.Time(line.LastMs),
            ContractId = line.ContractId,
            Rule = line.Rule,
            Why = line.Why,
        };
    }

    private static string? Text(string text) => text.Length == 0 ? null : text;
}
