using System.Collections.Immutable;
using System.Globalization;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Units;

namespace Amalgam.Core.Ledger.Invoices;

/// <summary>
/// Composes the invoice of a closed period from the state alone: the same records before it always give the same bytes (P6), and its lines add up to its total to the
/// nano-unit (P7). One rounding, at the end, to the smallest unit of the currency, as a line of its own.
/// </summary>
public static class Invoicing
{
    private const int DefaultPaymentDays = 30;

    /// <summary>Facts of a unit that belong on an invoice.</summary>
    private static readonly string[] PartyFacts = ["legal-name", "address", "country", "vat-id", "company-id", "email", "bank", "iban", "bic", "purchase-order"];

    /// <summary>Everything of the customer's subtree up to the end of the period that is on no invoice yet.</summary>
    public static Invoice Compose(CloudState state, string customer, long fromMs, long toMs, long issuedMs)
    {
        var lines = Usage(state, customer, fromMs, toMs);
        lines.AddRange(ServiceCredits(state, customer, toMs).Select((credit, at) => credit with { Number = lines.Count + at + 1 }));
        return new Invoice
        {
            Number = state.Invoices.NextNumber,
            Customer = customer,
            CustomerPath = state.Units.Path(customer),
            FromMs = fromMs,
            ToMs = toMs,
            IssuedMs = issuedMs,
            DueMs = issuedMs + (PaymentDays(state, customer) * BillBook.DayMs),
            Currency = state.Currency,
            Seller = Of(state.Units, state.Units.Root.Name, null),
            Buyer = Of(state.Units, customer, state.Units.Root.Name),
            Lines = Rounded(lines, state.Currency, out var totalNano),
            TotalNano = totalNano,
            Notes = Notes(state, customer),
        };
    }

    /// <summary>What the invoice itself adds to what was charged before: service credits, the rounding difference.</summary>
    public static ImmutableArray<Entry> Entries(Invoice invoice)
    {
        var entries = ImmutableArray.CreateBuilder<Entry>();
        foreach (var (kind, account) in (ReadOnlySpan<(InvoiceLineKind, string)>)
            [(InvoiceLineKind.ServiceCredit, "income/service-credits"), (InvoiceLineKind.Rounding, "income/rounding")])
        {
            if (invoice.Lines.Where(line => line.Kind == kind).Sum(line => line.AmountNano) is not 0 and var amount)
            {
                entries.Add(new Entry($"unit/{invoice.Customer}", amount));
                entries.Add(new Entry(account, -amount));
            }
        }

        return entries.ToImmutable();
    }

    private static List<InvoiceLine> Usage(CloudState state, string customer, long fromMs, long toMs)
    {
        var sums = new Dictionary<(BillKey Key, bool Late), BillAmount>();
        foreach (var (key, open) in state.Invoices.OpenLines(state, customer, toMs))
        {
            var at = (key with { Day = 0 }, key.Day < fromMs / BillBook.DayMs);
            sums[at] = sums.TryGetValue(at, out var before) ? Sum(before, open) : open;
        }

        var versions = state.Prices.All.ToDictionary(price => price.Version);
        return [.. sums
            .OrderBy(line => line.Key.Late)
            .ThenBy(line => line.Key.Key.Path, StringComparer.Ordinal)
            .ThenBy(line => line.Key.Key.WorkloadId.Length)
            .ThenBy(line => line.Key.Key.WorkloadId, StringComparer.Ordinal)
            .ThenBy(line => line.Key.Key.Item, StringComparer.Ordinal)
            .ThenBy(line => line.Key.Key.ChipClass, StringComparer.Ordinal)
            .ThenBy(line => line.Key.Key.Meter)
            .ThenBy(line => line.Key.Key.PriceVersion)
            .ThenBy(line => line.Key.Key.ContractId, StringComparer.Ordinal)
            .ThenBy(line => line.Key.Key.Rule, StringComparer.Ordinal)
            .Select((line, at) => Line(state, at + 1, line.Key.Key, line.Key.Late, line.Value, versions))];
    }

    /// <summary>What contracts of the customer owe it for whole months up to the end of the period, and no invoice has given yet.</summary>
    public static List<InvoiceLine> ServiceCredits(CloudState state, string customer, long toMs) =>
    [
        .. from contract in state.Contracts.All
           where contract.ServiceLevel is not null && state.Units.IsWithin(contract.Unit, customer)
           from month in ServiceCredit.Of(contract, state.Contracts.Service(contract.Id), toMs, atMs => ContractPrice.DeviceHourNano(contract, state, atMs))
           where month.CreditNano > 0 && month.Month.ToMs <= toMs && !state.Invoices.HasCredited(contract.Id, month.Month.FromMs)
           select new InvoiceLine
           {
               Number = 0, Kind = InvoiceLineKind.ServiceCredit, Unit = contract.Unit, Path = state.Units.Path(contract.Unit),
               WorkloadId = contract.Id, Workload = contract.Id, Item = contract.ChipClass,
               ChipClass = contract.ChipClass, UnitPriceNano = month.DeviceHourNano, AmountNano = -month.CreditNano, FirstMs = month.Month.FromMs, LastMs = month.Month.ToMs,
               Why = $"contract {contract.Id}: {Percent(month.ShareMillionths ?? 0)} of what was asked was delivered, {Percent(contract.ServiceLevel!.DeliveredMillionths)} was promised",
           },
    ];

    private static string Percent(long millionths) => string.Create(CultureInfo.InvariantCulture, $"{millionths / 10_000m:0.####} %");

    private static BillAmount Sum(BillAmount one, BillAmount other) => new(
        checked(one.Quantity + other.Quantity), checked(one.AmountNano + other.AmountNano), one.Count + other.Count, Math.Min(one.FirstMs, other.FirstMs), Math.Max(one.LastMs, other.LastMs));

    private static InvoiceLine Line(CloudState state, int number, BillKey key, bool late, BillAmount amount, Dictionary<int, Price> versions) => new()
    {
        Number = number,
        Kind = late ? InvoiceLineKind.Late : InvoiceLineKind.Usage,
        Unit = key.Unit,
        Path = key.Path,
        WorkloadId = key.WorkloadId,
        Workload = state.Workload(key.WorkloadId)?.Spec.Name ?? key.WorkloadId,
        Item = key.Item,
        ChipClass = key.ChipClass,
        Meter = key.Meter,
        Quantity = amount.Quantity,
        PriceVersion = key.PriceVersion,
        ContractId = key.ContractId,
        Rule = key.Rule,
        UnitPriceNano = key.ContractId is null && versions.GetValueOrDefault(key.PriceVersion) is { Tiers: null } price ? price.Rates.Of(key.Meter) : null,
        AmountNano = amount.AmountNano,
        Count = amount.Count,
        FirstMs = amount.FirstMs,
        LastMs = amount.LastMs,
        Why = key.PriceVersion == LeaseMetering.Unfunded ? "beyond what a hard budget held: charged to nobody" : late ? "used before this period, known too late for the invoice of its own" : null,
    };

    private static ImmutableArray<InvoiceLine> Rounded(List<InvoiceLine> lines, string currency, out long totalNano)
    {
        var exact = lines.Aggregate(0L, (sum, line) => checked(sum + line.AmountNano));
        totalNano = Currencies.Round(exact, currency);
        if (totalNano != exact)
        {
            var why = $"to whole {Currencies.Format(Currencies.MinorNano(currency), currency)} {currency}";
            lines.Add(new InvoiceLine { Number = lines.Count + 1, Kind = InvoiceLineKind.Rounding, AmountNano = totalNano - exact, Why = why });
        }

        return [.. lines];
    }

    /// <summary>A customer inherits from the units above it, but not from the seller.</summary>
    internal static Party Of(UnitTree units, string name, string? except)
    {
        var facts = ImmutableSortedDictionary<string, string>.Empty;
        for (var at = units.Find(name); at is not null && at.Name != except; at = at.Parent is null ? null : units.Find(at.Parent))
        {
            facts = at.Facts.Where(fact => PartyFacts.Contains(fact.Key, StringComparer.Ordinal)).ToImmutableSortedDictionary().SetItems(facts);
        }

        return new Party(name, facts);
    }

    private static long PaymentDays(CloudState state, string customer) =>
        int.TryParse(state.Units.Facts(customer).GetValueOrDefault("payment-days"), NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days <= 3650 ? days : DefaultPaymentDays;

    private static ImmutableArray<string> Notes(CloudState state, string customer)
    {
        var facts = state.Units.Facts(customer);
        return [facts.GetValueOrDefault("tax-note", "Amounts are without taxes."), .. facts.TryGetValue("invoice-note", out var note) ? [note] : Array.Empty<string>()];
    }
}
