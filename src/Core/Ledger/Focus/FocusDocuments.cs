using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Invoices;

namespace Amalgam.Core.Ledger.Focus;

/// <summary>The datasets beside Cost and Usage: invoices line by line, months with their state. FOCUS 1.4 alone has them.</summary>
public static class FocusDocuments
{
    public static FocusTable InvoiceDetail(CloudState state, string version, string top)
    {
        var rows = new List<Dictionary<string, string?>>();
        foreach (var invoice in state.Invoices.Invoices.Select(issued => issued.Invoice).Where(invoice => FocusExport.Within(state, invoice.Customer, top)))
        {
            rows.AddRange(invoice.Lines.Select(line => Line(invoice, line)));
        }

        foreach (var note in state.Invoices.CreditNotes.Select(issued => issued.Note).Where(note => FocusExport.Within(state, note.Customer, top)))
        {
            var month = CalendarMonth.Of(note.IssuedMs);
            var row = Document(note.Customer, note.Currency, note.Seller.Name, note.Number, month.FromMs, month.ToMs, note.IssuedMs);
            row["BilledCost"] = Nano.Format(-note.TotalNano);
            row["ChargeCategory"] = "Credit";
            row["InvoiceDetailDescription"] = note.Why;
            row["InvoiceDetailId"] = $"{FocusRow.Id(note.Number)}-1";
            row["PaymentTerms"] = "None";
            row["ReferenceInvoiceId"] = FocusRow.Id(note.InvoiceNumber);
            rows.Add(row);
        }

        return Table(FocusSchema.InvoiceDetail, version, rows);
    }

    /// <summary>Every month from the first usage to the present one. Closed = over, and nobody owes for it what is on no invoice.</summary>
    public static FocusTable BillingPeriod(CloudState state, string version, long nowMs)
    {
        var rows = new List<Dictionary<string, string?>>();
        var days = state.Bill.Lines.Select(line => line.Key.Day).DefaultIfEmpty((int)(nowMs / BillBook.DayMs)).Min();
        for (var month = CalendarMonth.Of(days * BillBook.DayMs); month.FromMs <= nowMs; month = CalendarMonth.Of(month.ToMs))
        {
            var open = month.ToMs > nowMs || state.Bill.Lines.Any(line => line.Key.Day >= month.FromMs / BillBook.DayMs && line.Key.Day < month.ToMs / BillBook.DayMs
                && state.Invoices.Open(line.Key, line.Value) is { } left && (left.Quantity != 0 || left.AmountNano != 0));
            var issued = state.Invoices.Invoices.Where(invoice => invoice.Invoice.FromMs == month.FromMs).Select(invoice => invoice.Invoice.IssuedMs)
                .DefaultIfEmpty(Math.Min(nowMs, month.ToMs)).Max();
            rows.Add(new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["BillingPeriodCreated"] = FocusExport.Instant(month.FromMs),
                ["BillingPeriodStart"] = FocusExport.Instant(month.FromMs), ["BillingPeriodEnd"] = FocusExport.Instant(month.ToMs),
                ["BillingPeriodLastUpdated"] = FocusExport.Instant(open ? nowMs : issued), ["BillingPeriodStatus"] = open ? "Open" : "Closed",
                ["InvoiceIssuerName"] = Invoicing.Of(state.Units, state.Units.Root.Name, null).Name,
            });
        }

        return Table(FocusSchema.BillingPeriod, version, rows);
    }

    private static Dictionary<string, string?> Line(Invoice invoice, InvoiceLine line)
    {
        var row = Document(invoice.Customer, invoice.Currency, invoice.Seller.Name, invoice.Number, invoice.FromMs, invoice.ToMs, invoice.IssuedMs);
        row["BilledCost"] = Nano.Format(line.AmountNano);
        row["ChargeCategory"] = line.Kind switch { InvoiceLineKind.Usage or InvoiceLineKind.Late => "Usage", InvoiceLineKind.ServiceCredit => "Credit", _ => "Adjustment" };
        row["InvoiceDetailDescription"] = line.Why ?? $"{line.Workload} {line.Item} {line.Meter}".Trim();
        row["InvoiceDetailId"] = $"{FocusRow.Id(invoice.Number)}-{FocusRow.Id(line.Number)}";
        row["InvoiceDetailGrain"] = line.Meter is null ? null : new JsonObject
        {
            ["ResourceId"] = line.WorkloadId, ["SubAccountId"] = line.Unit, ["SkuMeter"] = line.Meter.ToString(),
            ["x_ChipClass"] = line.ChipClass, ["x_Item"] = line.Item, ["x_PriceBookVersion"] = line.PriceVersion,
        }.ToJsonString();
        row["PaymentDueDate"] = FocusExport.Instant(invoice.DueMs);
        row["PaymentTerms"] = $"Net {((invoice.DueMs - invoice.IssuedMs) / BillBook.DayMs).ToString(CultureInfo.InvariantCulture)}";
        row["PurchaseOrderNumber"] = invoice.Buyer.Facts.GetValueOrDefault("purchase-order");
        row["ReferenceInvoiceId"] = FocusRow.Id(invoice.Number);
        return row;
    }

    private static Dictionary<string, string?> Document(string customer, string currency, string issuer, int number, long fromMs, long toMs, long issuedMs) => new(StringComparer.Ordinal)
    {
        ["BillingAccountId"] = customer, ["BillingCurrency"] = currency, ["PaymentCurrency"] = currency, ["InvoiceIssuerName"] = issuer, ["InvoiceId"] = FocusRow.Id(number),
        ["BillingPeriodStart"] = FocusExport.Instant(fromMs), ["BillingPeriodEnd"] = FocusExport.Instant(toMs), ["InvoiceDetailCreated"] = FocusExport.Instant(issuedMs),
        ["InvoiceDetailLastUpdated"] = FocusExport.Instant(issuedMs), ["InvoiceIssueDate"] = FocusExport.Instant(issuedMs), ["InvoiceIssueStatus"] = "Issued",
    };

    internal static FocusTable Table(string dataset, string version, List<Dictionary<string, string?>> rows)
    {
        ImmutableArray<string> columns = [.. FocusSchema.Of(dataset, version).Select(column => column.Id)];
        return new FocusTable(dataset, version, columns, [.. rows.Select(row => (IReadOnlyList<string?>)[.. columns.Select(column => row.GetValueOrDefault(column))])]);
    }
}
