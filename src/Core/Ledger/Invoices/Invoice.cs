using System.Collections.Immutable;

namespace Amalgam.Core.Ledger.Invoices;

/// <summary>The immutable picture of a closed period for one customer. All amounts are nano-units; instants are Unix milliseconds.</summary>
public sealed record Invoice
{
    /// <summary>Of the rules by which it was composed. Rules that were ever used stay, so that old invoices can always be composed again.</summary>
    public int Rules { get; init; } = 1;

    /// <summary>1, 2, 3, … without a gap over all documents of the cloud, credit notes included.</summary>
    public required int Number { get; init; }

    /// <summary>The unit that owes it; everything of its subtree is in it.</summary>
    public required string Customer { get; init; }

    /// <summary>Where the customer stood when the invoice was issued.</summary>
    public required string CustomerPath { get; init; }

    /// <summary>Begin of the period.</summary>
    public required long FromMs { get; init; }

    /// <summary>End of the period (exclusive).</summary>
    public required long ToMs { get; init; }

    public required long IssuedMs { get; init; }

    public required long DueMs { get; init; }

    /// <summary>ISO 4217.</summary>
    public required string Currency { get; init; }

    public required Party Seller { get; init; }

    public required Party Buyer { get; init; }

    public required ImmutableArray<InvoiceLine> Lines { get; init; }

    /// <summary>The sum of all lines, the rounding line included: a whole number of the currency's smallest units.</summary>
    public required long TotalNano { get; init; }

    /// <summary>About taxes and payment.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];
}

/// <summary>Who sells or buys, from the facts of its unit.</summary>
/// <param name="Facts">Those that belong on an invoice: `legal-name`, `address`, `vat-id`, …</param>
public sealed record Party(string Unit, ImmutableSortedDictionary<string, string> Facts)
{
    public string Name => Facts.GetValueOrDefault("legal-name", Unit);
}

public enum InvoiceLineKind
{
    /// <summary>Used in the period.</summary>
    Usage,

    /// <summary>Used before the period and on no invoice yet: it became known late. Its days are real.</summary>
    Late,

    /// <summary>What a contract owes for devices that were asked for and not delivered.</summary>
    ServiceCredit,

    /// <summary>What lies between the exact sum and the smallest unit of the currency.</summary>
    Rounding,
}

public sealed record InvoiceLine
{
    /// <summary>1, 2, 3, … within the invoice.</summary>
    public required int Number { get; init; }

    public required InvoiceLineKind Kind { get; init; }

    /// <summary>The unit that used it.</summary>
    public string Unit { get; init; } = "";

    /// <summary>Where that unit stood when it was used.</summary>
    public string Path { get; init; } = "";

    public string WorkloadId { get; init; } = "";

    /// <summary>Name of the workload.</summary>
    public string Workload { get; init; } = "";

    /// <summary>Chip class, or served model.</summary>
    public string Item { get; init; } = "";

    public string ChipClass { get; init; } = "";

    public Meter? Meter { get; init; }

    /// <summary>Milli-device-milliseconds, or tokens.</summary>
    public long Quantity { get; init; }

    public int PriceVersion { get; init; }

    /// <summary>The contract that set, discounted or held back the price, or that reserved what stood idle.</summary>
    public string? ContractId { get; init; }

    /// <summary>Why this price, in words; null = the list price of the version.</summary>
    public string? Rule { get; init; }

    /// <summary>Nano-units per device-hour or per million tokens, at list; null where there is no price.</summary>
    public long? UnitPriceNano { get; init; }

    public required long AmountNano { get; init; }

    /// <summary>Lease slices or requests.</summary>
    public long Count { get; init; }

    public long FirstMs { get; init; }

    public long LastMs { get; init; }

    /// <summary>Why it is here, where the meter does not say it.</summary>
    public string? Why { get; init; }
}

/// <summary>A reversal of an invoice, whole or in part: an issued invoice never changes.</summary>
public sealed record CreditNote
{
    /// <summary>Of the same sequence as invoices.</summary>
    public required int Number { get; init; }

    public required int InvoiceNumber { get; init; }

    public required string Customer { get; init; }

    public required long IssuedMs { get; init; }

    public required string Currency { get; init; }

    public required string Why { get; init; }

    public required Party Seller { get; init; }

    public required Party Buyer { get; init; }

    public required ImmutableArray<CreditLine> Lines { get; init; }

    /// <summary>Given back; a whole number of the currency's smallest units, never above what is left of the invoice.</summary>
    public required long TotalNano { get; init; }
}

/// <param name="InvoiceLine">Number of the invoice's line; 0 = rounding of the credit note.</param>
/// <param name="AmountNano">Given back.</param>
public sealed record CreditLine(int InvoiceLine, string What, long AmountNano);
