using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Invoices;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Core.Ledger.Sharing;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;
using Amalgam.Simulation;

namespace Core.Tests.Ledger.Invoices;

/// <summary>A journal of a cloud that is used, re-priced, reorganised and invoiced, record by record as the loops and commands write it.</summary>
internal sealed class BilledCloud
{
    public const long Day = BillBook.DayMs;
    public static readonly string[] Customers = ["acme", "birch"];
    public static readonly string[] Leaves = ["acme-lab", "acme-web", "birch-ml"];

    private int _lease;
    private int _charge;

    public BilledCloud(string currency = "EUR")
    {
        Record(new CloudFounded(currency, "test"));
        foreach (var (name, parent) in new[] { ("group", null), ("acme", "group"), ("birch", "group"), ("acme-lab", "acme"), ("acme-web", "acme"), ("birch-ml", (string?)"birch") })
        {
            var guarantee = ImmutableSortedDictionary<string, long>.Empty;
            Record(new UnitSet(new Unit { Name = name, Parent = parent, Guarantee = parent == "group" ? guarantee.Add("h100", name == "acme" ? 2000 : 1000) : guarantee }));
        }

        Record(new NodesSeen([Node([])], []));
        Price(PriceKind.DeviceHour, "h100", 2_345_678_901);
        Price(PriceKind.Tokens, "llama", 123_456_789);
        Record(new WorkloadSubmitted("w1", new WorkloadSpec { Name = "llama", Unit = "acme-lab", Chips = ["h100"] }));
    }

    public List<JournalRecord> Records { get; } = [];

    public CloudState State { get; } = new();

    /// <summary>2026-10-01.</summary>
    public long NowMs { get; set; } = At(2026, 10, 1);

    public static long At(int year, int month, int day) => new DateTimeOffset(year, month, day, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    public static NodeState Node(ImmutableArray<int> broken) => new() { Name = "n1", ChipClass = "h100", Devices = 8, UnhealthyDevices = broken };

    public void Record(JournalEvent fact)
    {
        // Through the bytes on disk, so that what is proved is what would be read.
        var record = JournalJson.Read(State.LastSequence + 1, JournalJson.Write(new JournalRecord(State.LastSequence + 1, NowMs, Actor.Loop("test"), fact)));
        State.Apply(record);
        Records.Add(record);
    }

    public void Price(PriceKind kind, string subject, long nano) => Record(new PriceSet(new Price
    {
        Version = State.Prices.LastVersion + 1, Kind = kind, Subject = subject, FromMs = NowMs, AnnouncedMs = NowMs, DeviceHourNano = kind == PriceKind.DeviceHour ? nano : 0,
        InputNano = kind == PriceKind.Tokens ? nano : 0, CachedInputNano = kind == PriceKind.Tokens ? nano / 7 : 0, OutputNano = kind == PriceKind.Tokens ? nano * 3 : 0,
    }));

    /// <summary>A price with monthly quantities, for everybody or for one unit.</summary>
    public void Tiers(string? unit, long nano, params PriceTier[] tiers) => Record(new PriceSet(new Price
    {
        Version = State.Prices.LastVersion + 1, Kind = PriceKind.DeviceHour, Subject = "h100", FromMs = NowMs, AnnouncedMs = NowMs, DeviceHourNano = nano, Unit = unit, Tiers = tiers.Length == 0 ? null : tiers,
    }));

    public Contract Sign(string unit, long devices, PriceTerms? terms, bool reserved, long days = 60, long noticeMs = 0)
    {
        var contract = new Contract
        {
            Id = $"c{State.Contracts.NextNumber}", Unit = unit, ChipClass = "h100", MilliDevices = devices * 1000, FromMs = NowMs, ToMs = NowMs + (days * Day), Price = terms, Reserved = reserved,
            NoticeMs = noticeMs,
        };
        Record(new ContractSigned(contract));
        return contract;
    }

    /// <summary>Device-hours of the next two months.</summary>
    public Commitment Commit(string unit, long deviceHours, long nano)
    {
        var commitment = new Commitment
        {
            Id = $"q{State.Commitments.All.Count + 1}", Unit = unit, ChipClass = "h100", DeviceHours = deviceHours, DeviceHourNano = nano, FromMs = Months.End(NowMs), ToMs = Months.End(Months.End(Months.End(NowMs))),
        };
        Record(new CommitmentMade(commitment));
        return commitment;
    }

    public string Start(string unit, params int[] devices)
    {
        var id = $"l{++_lease}";
        Record(new LeaseStarted(new Lease { Id = id, WorkloadId = "w1", Unit = unit, Member = 0, Node = "n1", ChipClass = "h100", Devices = [.. devices], FromMs = NowMs, ChargedToMs = NowMs }));
        return id;
    }

    /// <summary>What the metering loop does.</summary>
    public void Meter(Func<Lease, bool>? which = null)
    {
        var (draft, rater) = (new BudgetDraft(State.Budgets, NowMs), State.Rater());
        foreach (var slice in State.OpenLeases.Where(lease => which?.Invoke(lease) != false).SelectMany(lease => LeaseMetering.Slices(State, lease, NowMs, draft, rater)).ToList())
        {
            Record(new LeaseCharged(slice));
        }

        foreach (var due in which is null ? Standing.Due(State, State.Rater(), NowMs).ToList() : [])
        {
            Record(due);
        }
    }

    public void End(string lease)
    {
        Meter(open => open.Id == lease);
        Record(new LeaseEnded(lease, NowMs, LeaseEnd.Finished, 0, null));
    }

    public void Ask(string unit, long input, long cached, long output)
    {
        var rated = State.Rater().Rate(new TokensUsed(unit, "llama", "h100", NowMs, input, cached, output));
        Record(new TokensCharged(
            $"c{++_charge}", $"req-{_charge}", "k1", unit, "llama", "w1", "l1", "h100", "chat", input + cached, cached, output, "Completed", false, rated.Tariff.Version, rated.InputNano, rated.CachedInputNano,
            rated.OutputNano, Rating.Book(unit, "income/tokens/llama", rated.AmountNano)) { PricedAtMs = NowMs, ContractId = rated.Tariff.ContractId, Rule = rated.Tariff.LineRule, Counted = rated.Counted });
    }

    public void Move(string unit, string parent)
    {
        Meter(lease => State.Units.IsWithin(lease.Unit, unit));
        Record(new UnitMoved(unit, State.Units.Find(unit)!.Parent!, parent, NowMs, null));
    }

    /// <summary>What `invoice issue` does, for the customers that owe something.</summary>
    public void Invoice(int year, int month)
    {
        Meter();
        var fromMs = At(year, month, 1);
        foreach (var customer in Customers.Where(customer => State.Invoices.OpenLines(State, customer, CalendarMonth.Of(fromMs).ToMs).Any()))
        {
            var invoice = Invoicing.Compose(State, customer, fromMs, CalendarMonth.Of(fromMs).ToMs, NowMs);
            Record(new InvoiceIssued(invoice, InvoiceJson.Sha256(InvoiceJson.Write(invoice)), Invoicing.Entries(invoice)));
        }
    }

    public CreditNote? Credit(int invoice, int? line, long? amountNano)
    {
        var composed = Crediting.Compose(State, State.Invoices.Find(invoice)!.Invoice, line, amountNano, "test", NowMs);
        if (composed.Value is { } note)
        {
            Record(new CreditNoteIssued(note, InvoiceJson.Sha256(InvoiceJson.Write(note)), Crediting.Entries(note)));
        }

        return composed.Value;
    }

    /// <summary>Three months of random use, price changes, moves there and back, credits; each month is invoiced some days after its end.</summary>
    public static BilledCloud Random(long seed, string currency = "EUR")
    {
        var (random, cloud) = (new SeededSequence(seed), new BilledCloud(currency));
        var running = new List<string>();
        for (var (month, next) = (10, At(2026, 11, 3)); month <= 12;)
        {
            cloud.NowMs += 1 + (random.Next(2000) * 47_000L) + random.Next(1000);
            if (cloud.NowMs >= next)
            {
                cloud.Invoice(2026, month);
                month++;
                next = month == 11 ? At(2026, 12, 4) : At(2027, 1, 2);
            }

            cloud.Step(random, running);
        }

        return cloud;
    }

    private void Step(SeededSequence random, List<string> running)
    {
        var leaf = Leaves[random.Next(Leaves.Length)];
        switch (random.Next(19))
        {
            case 0 or 1 when running.Count < 8: running.Add(Start(leaf, Enumerable.Range(0, 8).First(device => State.OpenLeases.All(lease => !lease.Devices.Contains(device))))); break;
            case 2 when running.Count > 0:
                End(running[0]);
                running.RemoveAt(0);
                break;
            case 3: Price(PriceKind.DeviceHour, "h100", 1 + random.Next(int.MaxValue)); break;
            case 4: Price(PriceKind.Tokens, "llama", 1 + random.Next(1_000_000_000)); break;
            case 5: Move("acme-web", State.Units.Find("acme-web")!.Parent == "acme" ? "birch" : "acme"); break;
            case 6: Meter(); break;
            case 7 when State.Invoices.Invoices.Count > 0:
                var invoice = State.Invoices.Invoices[random.Next(State.Invoices.Invoices.Count)].Invoice;
                Credit(invoice.Number, random.Next(2) == 0 ? 1 + random.Next(invoice.Lines.Length) : null, random.Next(2) == 0 ? Currencies.MinorNano(invoice.Currency) * (1 + random.Next(100)) : null);
                break;
            case 8: Record(new NodesSeen([Node(random.Next(2) == 0 ? [] : [random.Next(8)])], [])); break;
            case 9: Tiers(random.Next(2) == 0 ? leaf : null, 1 + random.Next(2_000_000_000), new PriceTier(1 + random.Next(60), 1 + random.Next(2_000_000_000)), new PriceTier(61 + random.Next(400), 1 + random.Next(2_000_000_000))); break;
            case 10 when State.Contracts.All.Count < 6: Sign(leaf, 1 + random.Next(3), Terms(random), random.Next(2) == 0, 5 + random.Next(80), random.Next(20) * Day); break;
            case 11 when State.Commitments.All.All(known => known.Unit != leaf): Commit(leaf, 1 + random.Next(300), random.Next(2_000_000_000)); break;
            case 12 when State.Contracts.All.FirstOrDefault(contract => contract.InForce(NowMs)) is { } contract: Record(new ContractEnded(contract.Id, NowMs, "test")); break;
            case 13: Record(new IdlePolicySet(new IdlePolicy((IdleRule)(1 + random.Next(3)), NowMs / Day * Day, random.Next(3) > 0))); break;
            case 14 when State.Commitments.All.FirstOrDefault(known => known.EndMs > Months.End(NowMs)) is { } commitment: Record(new CommitmentEnded(commitment.Id, Months.End(NowMs), "test")); break;
            default: Ask(leaf, random.Next(5000), random.Next(900), random.Next(3000)); break;
        }
    }

    private static PriceTerms? Terms(SeededSequence random) => random.Next(4) switch
    {
        0 => new PriceTerms(PriceTermsKind.Fixed, random.Next(2_000_000_000)),
        1 => new PriceTerms(PriceTermsKind.Discount, ShareMillionths: 500_000 + random.Next(500_000)),
        2 => new PriceTerms(PriceTermsKind.Indexed, random.Next(2_000_000_000), 500_000 + random.Next(700_000), random.Next(300_000)),
        _ => null,
    };
}
