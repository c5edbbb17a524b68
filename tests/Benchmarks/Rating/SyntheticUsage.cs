using System.Collections.Immutable;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Core.Units;
using Amalgam.Storage;

namespace Amalgam.Benchmarks.Rating;

/// <summary>200 units in 20 customers, a third of them with contracts, scoped and tiered prices; usage of one minute slices and requests, made as it is read.</summary>
internal sealed class SyntheticUsage
{
    public const int Units = 200;
    private const long Minute = 60_000;
    private const long Day = 86_400_000;

    private static readonly long Begin = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    private readonly PricingBooks _books = new(new PriceBook(), new ContractBook(), new CommitmentBook(), new UnitTree(), new Counters());
    private readonly PriceChange _change = new(PriceKind.DeviceHour, "h100", null, null, ContractState.All, 400_000, Begin + (30 * Day), Begin + (29 * Day));

    public SyntheticUsage()
    {
        _books.Units.Set(new Unit { Name = "group" });
        for (var at = 0; at < Units; at++)
        {
            var facts = at % 5 == 0 ? ImmutableSortedDictionary<string, string>.Empty.Add("segment", "gold") : ImmutableSortedDictionary<string, string>.Empty;
            _books.Units.Set(new Unit { Name = $"u{at}", Parent = at < 20 ? "group" : $"u{at % 20}", Facts = facts });
        }

        _books.Prices.Add(new Price { Version = 1, Kind = PriceKind.DeviceHour, Subject = "h100", FromMs = 0, AnnouncedMs = 0, DeviceHourNano = 2_500_000_000 });
        _books.Prices.Add(new Price
        {
            Version = 2, Kind = PriceKind.DeviceHour, Subject = "h100", Segment = "gold", FromMs = 0, AnnouncedMs = 0, DeviceHourNano = 2_250_000_000, Tiers = [new PriceTier(1000, 1_800_000_000)],
        });
        _books.Prices.Add(new Price { Version = 3, Kind = PriceKind.Tokens, Subject = "*", FromMs = 0, AnnouncedMs = 0, InputNano = 100_000_000, CachedInputNano = 10_000_000, OutputNano = 400_000_000 });
        for (var at = 0; at < 20; at += 3)
        {
            var terms = at % 2 == 0 ? new PriceTerms(PriceTermsKind.Discount, ShareMillionths: 850_000) : new PriceTerms(PriceTermsKind.Fixed, 2_000_000_000);
            _books.Contracts.Apply(new JournalRecord(0, 0, Actor.Loop("benchmark"), new ContractSigned(new Contract
            {
                Id = $"c{at}", Unit = $"u{at}", ChipClass = "h100", MilliDevices = 8000, FromMs = 0, ToMs = Begin + (400 * Day), Price = terms, NoticeMs = 30 * Day,
                LockedUntilMs = at % 4 == 0 ? Begin + (45 * Day) : null,
            })));
        }
    }

    public static IEnumerable<(long Unit, long Quantity)> Rows(int records) => Enumerable.Range(0, records).Select(at => ((long)(at % Units), Minute * 1000 * (1 + (at % 8))));

    /// <summary>Every slice of the records at the prices of its unit; nothing else.</summary>
    public Int128 Rate(int records)
    {
        var (rater, sum) = (new Rater(_books.Tariffs(), new Counters()), (Int128)0);
        for (var at = 0; at < records; at++)
        {
            foreach (var span in rater.Rate(Use(at)))
            {
                sum += span.AmountNano;
            }
        }

        return sum;
    }

    public ChangePreview NewPreview() => new(_books, _books.With(_change.Versions(_books.Prices, _books.Units, "p1").Value), _change, new UsagePeriod(Begin, Begin + (30 * Day), 30 * Day));

    public ChangePreview Preview(int records)
    {
        var preview = NewPreview();
        for (var at = 0; at < records; at++)
        {
            preview.Add(Use(at));
        }

        return preview;
    }

    /// <summary>Half slices, half requests.</summary>
    public void Write(string path, int records)
    {
        using var journal = SqliteJournal.Open(path);
        var (actor, rater) = (Actor.Loop("metering"), new Rater(_books.Tariffs(), new Counters()));
        Task last = Task.CompletedTask;
        foreach (var chunk in Enumerable.Range(0, records).Chunk(10_000))
        {
            last = journal.Append([.. chunk.Select(at => new JournalRecord(at + 1, Begin + (at * 10L), actor, at % 2 == 0 ? Slice(rater, at) : Tokens(at)))]);
        }

        last.GetAwaiter().GetResult();
    }

    private static DeviceUse Use(int at)
    {
        var from = Begin + (at / Units * Minute % (29 * Day));
        return new DeviceUse(Name(at), "h100", from, from, from + Minute, 1000 * (1 + (at % 8)));
    }

    private static string Name(int at) => Names[at % Units];

    private static readonly string[] Names = [.. Enumerable.Range(0, Units).Select(at => $"u{at}")];

    private static LeaseCharged Slice(Rater rater, int at)
    {
        var use = Use(at);
        var span = rater.Rate(use).First();
        return new LeaseCharged(new LeaseSlice(
            $"l{at % 5000}", $"w{at % 700}", use.Unit, use.ChipClass, span.FromMs, span.ToMs, use.MilliDevices, span.Tariff.Version, span.AmountNano,
            Amalgam.Core.Ledger.Rating.Book(use.Unit, "income/device-hours/h100", span.AmountNano))
        {
            LeaseFromMs = use.LeaseFromMs, ContractId = span.Tariff.ContractId, Rule = span.Tariff.LineRule, UnitNano = span.Tariff.Rates.DeviceHour, Counted = span.Counted,
        });
    }

    private static TokensCharged Tokens(int at) => new(
        $"chg-{at:x16}", $"req-{at:x16}", $"k{at % 50}", Name(at), "llama-3-70b", $"w{at % 70}", $"l{at % 300}", "h100", "chat/completions", 900 + (at % 300), 256, 300 + (at % 100), "Completed", false, 3,
        64_400, 2_560, 120_000, Amalgam.Core.Ledger.Rating.Book(Name(at), "income/tokens/llama-3-70b", 186_960))
    {
        PricedAtMs = Begin + (at * 10L),
    };
}
