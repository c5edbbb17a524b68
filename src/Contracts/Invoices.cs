namespace Amalgam.Contracts;

/// <summary>POST /api/v1/invoices</summary>
public sealed record InvoiceRequest
{
    /// <summary>A month that is over (UTC): 2026-10.</summary>
    public string Month { get; set; } = "";

    /// <summary>Null = every customer (a unit directly under the root) that owes something.</summary>
    public string? Unit { get; set; }
}

/// <summary>POST /api/v1/invoices/N/credits</summary>
public sealed record CreditRequest
{
    public string Why { get; set; } = "";

    /// <summary>Number of one line; null = all that is left.</summary>
    public int? Line { get; set; }

    /// <summary>Decimal text; null = all that is left of the line or of the invoice.</summary>
    public string? Amount { get; set; }
}

/// <summary>An invoice or a credit note in a list. Amounts are decimal text in <see cref="Currency"/>.</summary>
public sealed record DocumentView
{
    public int Number { get; init; }

    /// <summary>invoice, credit-note</summary>
    public required string Kind { get; init; }

    public required string Customer { get; init; }

    /// <summary>The invoice that a credit note reverses.</summary>
    public int? Invoice { get; init; }

    public DateTimeOffset? From { get; init; }

    public DateTimeOffset? To { get; init; }

    public DateTimeOffset IssuedAt { get; init; }

    public required string Currency { get; init; }

    /// <summary>Negative for a credit note.</summary>
    public required string Total { get; init; }

    /// <summary>Of an invoice: what its credit notes left.</summary>
    public string? Left { get; init; }

    /// <summary>issued, partly-credited, credited</summary>
    public required string State { get; init; }

    /// <summary>Of the canonical bytes, as the journal has it.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Number of the journal's record.</summary>
    public long Sequence { get; init; }
}

/// <summary>One document for a table or a program; exact amounts as decimal text.</summary>
public sealed record DocumentDetailView
{
    public required DocumentView Document { get; init; }

    public required PartyView Seller { get; init; }

    public required PartyView Buyer { get; init; }

    public DateTimeOffset? DueAt { get; init; }

    public string? Why { get; init; }

    public IReadOnlyList<DocumentLineView> Lines { get; set; } = [];

    public IReadOnlyList<string> Notes { get; set; } = [];

    /// <summary>Numbers of the credit notes.</summary>
    public IReadOnlyList<int> Credits { get; set; } = [];
}

public sealed record PartyView(string Unit, string Name, IReadOnlyDictionary<string, string> Facts);

public sealed record DocumentLineView
{
    public int Number { get; init; }

    /// <summary>usage, late, service-credit, rounding; credit on a credit note</summary>
    public required string Kind { get; init; }

    public string? Path { get; init; }

    public string? WorkloadId { get; init; }

    public string? Workload { get; init; }

    public string? Item { get; init; }

    public string? ChipClass { get; init; }

    /// <summary>device-hours, input-tokens, …</summary>
    public string? Meter { get; init; }

    public decimal? Quantity { get; init; }

    public string? UnitPrice { get; init; }

    public int? PriceVersion { get; init; }

    /// <summary>The contract that set, discounted or held back the price, or that reserved what stood idle.</summary>
    public string? ContractId { get; init; }

    /// <summary>Why this price; null = the list price of the version.</summary>
    public string? Rule { get; init; }

    public required string Amount { get; init; }

    /// <summary>Slices or requests.</summary>
    public long Count { get; init; }

    public DateTimeOffset? First { get; init; }

    public DateTimeOffset? Last { get; init; }

    public string? Why { get; init; }
}
