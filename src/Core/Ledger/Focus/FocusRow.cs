using System.Globalization;
using System.Text.Json.Nodes;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Invoices;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger.Focus;

/// <summary>Rows of the Cost and Usage dataset, by column.</summary>
internal static class FocusRow
{
    /// <summary>A day's usage at one unit price, or the part of it that stands on one invoice.</summary>
    /// <param name="invoice">Null = on none yet.</param>
    public static Dictionary<string, string?> Usage(CloudState state, BillKey key, PricedPart part, Invoice? invoice)
    {
        var (tokens, dayMs) = (key.Meter.IsTokens(), key.Day * BillBook.DayMs);
        // Late usage is a correction of its closed month: it stands in the period of the invoice that has it.
        var late = invoice is not null && dayMs < invoice.FromMs;
        var cells = Common(state, key.Path.Length == 0 ? key.Unit : key.Path, late ? invoice!.FromMs : dayMs, dayMs, dayMs + BillBook.DayMs);
        FocusPricing.Fill(cells, state, key, part);
        cells["ChargeCategory"] = "Usage";
        cells["ChargeClass"] = late ? "Correction" : null;
        cells["ChargeDescription"] = $"{Words(key.Meter)} of {key.Item}{(tokens ? $" on {key.ChipClass}" : "")}";
        cells["ChargeFrequency"] = "Usage-Based";
        Sku(cells, key, tokens, part.Prices);
        cells["SubAccountId"] = cells["SubAccountName"] = key.Unit;
        cells["ResourceId"] = key.WorkloadId;
        cells["ResourceName"] = state.Workload(key.WorkloadId)?.Spec.Name ?? key.WorkloadId;
        cells["ResourceType"] = ResourceType(state, key);
        if (invoice is not null)
        {
            cells["InvoiceId"] = Id(invoice.Number);
            cells["InvoiceDetailId"] = invoice.Lines.FirstOrDefault(line => Is(line, key, late)) is { } found ? $"{Id(invoice.Number)}-{found.Number}" : null;
        }

        return cells;
    }

    private static string ResourceType(CloudState state, BillKey key) => key.Meter switch
    {
        Meter.ReservedIdleDeviceHours => "Contract",
        Meter.UnusedCommitmentDeviceHours => "Commitment",
        Meter.IdleShareDeviceHours => "Idle devices",
        _ => state.Workload(key.WorkloadId) is not { } workload ? "Workload" : workload.Spec.IsService ? "Service" : "Job",
    };

    /// <summary>A line of an invoice that nobody used: rounding, a service credit.</summary>
    public static Dictionary<string, string?> Adjustment(CloudState state, Invoice invoice, InvoiceLine line)
    {
        var cells = Common(state, invoice.CustomerPath, invoice.FromMs, invoice.FromMs, invoice.ToMs);
        var amount = Nano.Format(line.AmountNano);
        Cost(cells, amount, amount, amount);
        cells["ChargeCategory"] = line.Kind == InvoiceLineKind.ServiceCredit ? "Credit" : "Adjustment";
        cells["ChargeDescription"] = line.Why ?? Words(line.Kind.ToString());
        cells["ChargeFrequency"] = "One-Time";
        Other(cells, Words(line.Kind.ToString()));
        cells["InvoiceId"] = Id(invoice.Number);
        cells["InvoiceDetailId"] = $"{Id(invoice.Number)}-{line.Number}";
        cells["x_ChipClass"] = line.ChipClass.Length == 0 ? null : line.ChipClass;
        return cells;
    }

    /// <summary>A credit note: a correction of a period that is closed, in the period in which it was issued.</summary>
    public static Dictionary<string, string?> Credit(CloudState state, CreditNote note)
    {
        var day = note.IssuedMs / BillBook.DayMs * BillBook.DayMs;
        var cells = Common(state, state.Units.Path(note.Customer), day, day, day + BillBook.DayMs);
        var amount = Nano.Format(-note.TotalNano);
        Cost(cells, amount, amount, amount);
        cells["ChargeCategory"] = "Credit";
        cells["ChargeClass"] = "Correction";
        cells["ChargeDescription"] = $"credit note for invoice {Id(note.InvoiceNumber)}: {note.Why}";
        cells["ChargeFrequency"] = "One-Time";
        Other(cells, "Credit note");
        cells["InvoiceId"] = Id(note.Number);
        cells["InvoiceDetailId"] = $"{Id(note.Number)}-1";
        return cells;
    }

    public static string Id(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The customer of a path: the unit directly under the root.</summary>
    public static string Customer(string path) => path.Split('/') is [_, var customer, ..] ? customer : path;

    private static Dictionary<string, string?> Common(CloudState state, string path, long periodMs, long fromMs, long toMs)
    {
        var (month, customer) = (CalendarMonth.Of(periodMs), Customer(path));
        var house = Invoicing.Of(state.Units, state.Units.Root.Name, null).Name;
        return new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["BillingAccountId"] = customer,
            ["BillingAccountName"] = state.Units.Find(customer) is null ? customer : Invoicing.Of(state.Units, customer, state.Units.Root.Name).Name,
            ["BillingCurrency"] = state.Currency,
            ["BillingPeriodStart"] = FocusExport.Instant(month.FromMs),
            ["BillingPeriodEnd"] = FocusExport.Instant(month.ToMs),
            ["ChargePeriodStart"] = FocusExport.Instant(fromMs),
            ["ChargePeriodEnd"] = FocusExport.Instant(toMs),
            ["InvoiceIssuerName"] = house,
            ["ServiceProviderName"] = house,
            ["HostProviderName"] = house,
            ["ProviderName"] = house,
            ["PublisherName"] = house,
        };
    }

    private static void Cost(Dictionary<string, string?> cells, string billed, string list, string contracted) =>
        (cells["BilledCost"], cells["EffectiveCost"], cells["ListCost"], cells["ContractedCost"]) = (billed, billed, list, contracted);

    private static void Sku(Dictionary<string, string?> cells, BillKey key, bool tokens, UnitPrices prices)
    {
        cells["ServiceCategory"] = tokens ? "AI and Machine Learning" : "Compute";
        cells["ServiceSubcategory"] = tokens ? "Generative AI" : "Other (Compute)";
        cells["ServiceName"] = tokens ? "Inference" : "Accelerators";
        var sku = tokens ? $"tokens/{key.Item}/{TokenType(key.Meter)}" : key.Meter == Meter.UnusedCommitmentDeviceHours ? $"commitments/{key.WorkloadId}" : $"device-hours/{key.Item}";
        cells["SkuId"] = sku;
        cells["SkuMeter"] = Words(key.Meter);
        cells["SkuPriceId"] = FocusPricing.SkuPriceId(sku, prices);
        var details = new JsonObject { ["x_ChipClass"] = key.ChipClass };
        if (tokens)
        {
            (details["x_ModelId"], details["x_TokenType"]) = (key.Item, TokenType(key.Meter));
        }

        cells["SkuPriceDetails"] = details.ToJsonString();
        cells["x_ChipClass"] = key.ChipClass;
        cells["x_ModelId"] = tokens ? key.Item : null;
        cells["x_TokenType"] = tokens ? TokenType(key.Meter) : null;
        cells["x_PriceBookVersion"] = key.PriceVersion.ToString(CultureInfo.InvariantCulture);
        cells["x_Rule"] = key.Rule ?? "list price";
    }

    private static void Other(Dictionary<string, string?> cells, string name) =>
        (cells["ServiceCategory"], cells["ServiceSubcategory"], cells["ServiceName"]) = ("Other", "Other (Other)", name);

    private static bool Is(InvoiceLine line, BillKey key, bool late) =>
        line.Meter == key.Meter && line.Path == key.Path && line.Unit == key.Unit && line.WorkloadId == key.WorkloadId && line.Item == key.Item && line.ChipClass == key.ChipClass
        && line.PriceVersion == key.PriceVersion && line.ContractId == key.ContractId && line.Rule == key.Rule && (line.Kind == InvoiceLineKind.Late) == late;

    private static string TokenType(Meter meter) => meter switch { Meter.InputTokens => "input", Meter.CachedInputTokens => "cached-input", _ => "output" };

    /// <summary>`CachedInputTokens` to `Cached input tokens`.</summary>
    private static string Words(Meter meter) => Words(meter.ToString());

    private static string Words(string name) => string.Concat(name.Select((letter, at) => char.IsUpper(letter) && at > 0 ? $" {char.ToLowerInvariant(letter)}" : $"{letter}"));
}
