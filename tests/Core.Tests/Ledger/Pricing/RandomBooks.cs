using System.Collections.Immutable;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Core.Units;

namespace Core.Tests.Ledger.Pricing;

/// <summary>A journal of random units, prices, contracts, commitments, changes and undos, and usage that is charged as the cloud charges it.</summary>
internal sealed class RandomBooks(int seed)
{
    private const long Day = PricedCloud.Day;

    public static readonly string[] Classes = ["h100", "mi300x"];
    public static readonly string[] Models = ["llama", "qwen"];

    private readonly List<string> _units = ["group"];
    private int _charge;

    public Random Random { get; } = new(seed);

    public CloudState State { get; } = new();

    /// <summary>2026-10-01; moves on with every record.</summary>
    public long NowMs { get; set; } = new DateTimeOffset(2026, 10, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    public JournalRecord Record(JournalEvent fact)
    {
        var record = new JournalRecord(State.LastSequence + 1, NowMs, Actor.Loop("test"), fact);
        State.Apply(record);
        return record;
    }

    public void Found()
    {
        Record(new CloudFounded("USD", "test"));
        Record(new UnitSet(new Unit { Name = "group" }));
        for (var at = 0; at < 9; at++)
        {
            var facts = ImmutableSortedDictionary<string, string>.Empty;
            var unit = new Unit { Name = $"u{at}", Parent = _units[Random.Next(Math.Min(4, _units.Count))], Facts = Random.Next(3) == 0 ? facts.Add("segment", Random.Next(2) == 0 ? "gold" : "iron") : facts };
            Record(new UnitSet(unit));
            _units.Add(unit.Name);
        }

        foreach (var subject in (string[])["*", .. Classes])
        {
            Set(PriceKind.DeviceHour, subject, null, null);
        }

        foreach (var subject in (string[])["*", .. Models])
        {
            Set(PriceKind.Tokens, subject, null, null);
        }

        for (var at = 0; at < 14; at++)
        {
            Step();
        }
    }

    /// <summary>Something happens to the books.</summary>
    private void Step()
    {
        NowMs += Random.NextInt64(1, 2 * Day);
        var unit = _units[Random.Next(1, _units.Count)];
        switch (Random.Next(6))
        {
            case 0:
                Set(PriceKind.DeviceHour, Classes[Random.Next(2)], Random.Next(2) == 0 ? unit : null, "gold");
                break;
            case 1:
                Set(PriceKind.Tokens, Models[Random.Next(2)], Random.Next(2) == 0 ? unit : null, "iron");
                break;
            case 2 or 3:
                Sign(unit);
                break;
            case 4:
                Apply(Change(NowMs + Random.NextInt64(10 * Day)));
                break;
            default:
                var undone = PriceChange.Undo(State.Prices, Random.Next(1, State.Prices.LastVersion + 1), $"p{State.NextPriceChange}", NowMs);
                if (undone.Refusal is null)
                {
                    Record(new PriceChanged($"p{State.NextPriceChange}", "undo", undone.Value, "x"));
                }

                break;
        }
    }

    public PriceChange Change(long fromMs)
    {
        var kind = Random.Next(2) == 0 ? PriceKind.DeviceHour : PriceKind.Tokens;
        var (segment, unit) = Random.Next(4) switch { 0 => ("gold", null), 1 => ((string?)null, _units[Random.Next(_units.Count)]), _ => (null, null) };
        var state = kind == PriceKind.DeviceHour ? (ContractState)Random.Next(4) : ContractState.All;
        var by = Random.NextInt64(PriceChange.LeastMillionths, PriceChange.MostMillionths);
        return new PriceChange(kind, Random.Next(8) == 0 ? "*" : kind == PriceKind.DeviceHour ? Classes[Random.Next(2)] : Models[Random.Next(2)], segment, unit, state, by, fromMs, Math.Min(fromMs, NowMs + Random.NextInt64(Day)));
    }

    public bool Apply(PriceChange change)
    {
        var versions = change.Versions(State.Prices, State.Units, $"p{State.NextPriceChange}");
        if (versions.Refusal is null)
        {
            Record(new PriceChanged($"p{State.NextPriceChange}", change.Words, versions.Value));
        }

        return versions.Refusal is null;
    }

    /// <summary>Charges usage as metering and the gateway do: leases in pieces, requests between them.</summary>
    public JournalRecord Charge(DeviceUse use)
    {
        var span = State.Rater().Rate(use).First();
        return Record(new LeaseCharged(new LeaseSlice(
            $"l{++_charge}", "w1", use.Unit, use.ChipClass, span.FromMs, span.ToMs, use.MilliDevices, span.Tariff.Version, span.AmountNano, Rating.Book(use.Unit, "income", span.AmountNano))
        {
            LeaseFromMs = use.LeaseFromMs, ContractId = span.Tariff.ContractId, Rule = span.Tariff.LineRule, Counted = span.Counted,
        }));
    }

    public JournalRecord Charge(TokensUsed use)
    {
        var rated = State.Rater().Rate(use);
        return Record(new TokensCharged(
            $"c{++_charge}", "r", "k1", use.Unit, use.Model, "w2", "l0", use.ChipClass!, "chat", use.Input + use.CachedInput, use.CachedInput, use.Output, "Completed", false, rated.Tariff.Version,
            rated.InputNano, rated.CachedInputNano, rated.OutputNano, Rating.Book(use.Unit, "income", rated.AmountNano))
        {
            PricedAtMs = use.AtMs, ContractId = rated.Tariff.ContractId, Rule = rated.Tariff.LineRule, Counted = rated.Counted,
        });
    }

    public object Usage(long fromMs, long toMs)
    {
        var (unit, at) = (_units[Random.Next(1, _units.Count)], Random.NextInt64(fromMs, toMs));
        return Random.Next(2) == 0
            ? new DeviceUse(unit, Classes[Random.Next(2)], at, at, Math.Min(toMs, at + Random.NextInt64(1, Day)), Random.Next(1, 64) * 250)
            : new TokensUsed(unit, Models[Random.Next(2)], Classes[Random.Next(2)], at, Random.NextInt64(3_000_000), Random.NextInt64(900_000), Random.NextInt64(2_000_000));
    }

    private void Set(PriceKind kind, string subject, string? unit, string? segment)
    {
        long Nano() => Random.NextInt64(1_000, 3_000_000_000);
        var tiered = Random.Next(2) == 0;
        var device = kind == PriceKind.DeviceHour;
        Record(new PriceSet(new Price
        {
            Version = State.Prices.LastVersion + 1, Kind = kind, Subject = subject, Unit = unit, Segment = unit is null && subject != "*" && Random.Next(2) == 0 ? segment : null, FromMs = NowMs,
            AnnouncedMs = NowMs, DeviceHourNano = device ? Nano() : 0, InputNano = device ? 0 : Nano(), CachedInputNano = device ? 0 : Nano(), OutputNano = device ? 0 : Nano(),
            Tiers = tiered ? [new PriceTier(Random.Next(1, 9), device ? Nano() : 0, Nano(), Nano(), Nano()), new PriceTier(Random.Next(9, 50), device ? Nano() : 0, Nano(), Nano(), Nano())] : null,
        }));
    }

    private void Sign(string unit)
    {
        var chip = Classes[Random.Next(2)];
        if (Random.Next(4) == 0 && !State.Commitments.All.Any(known => known.Unit == unit && known.ChipClass == chip))
        {
            Record(new CommitmentMade(new Commitment
            {
                Id = $"q{State.Commitments.All.Count + 1}", Unit = unit, ChipClass = chip, DeviceHours = Random.Next(1, 40), DeviceHourNano = Random.NextInt64(1_000_000_000),
                FromMs = Months.End(NowMs), ToMs = Months.End(Months.End(Months.End(NowMs))),
            }));
            return;
        }

        var terms = Random.Next(4) switch
        {
            0 => new PriceTerms(PriceTermsKind.Fixed, Random.NextInt64(2_000_000_000)),
            1 => new PriceTerms(PriceTermsKind.Discount, ShareMillionths: Random.Next(500_000, 1_000_000)),
            2 => new PriceTerms(PriceTermsKind.Indexed, Random.NextInt64(2_000_000_000), Random.Next(500_000, 1_200_000), Random.Next(300_000)),
            _ => null,
        };
        Record(new ContractSigned(new Contract
        {
            Id = $"c{State.Contracts.NextNumber}", Unit = unit, ChipClass = chip, MilliDevices = 4000, FromMs = NowMs, ToMs = NowMs + Random.NextInt64(20 * Day, 200 * Day), Price = terms,
            NoticeMs = Random.Next(60) * Day, LockedUntilMs = Random.Next(2) == 0 ? null : NowMs + Random.NextInt64(120 * Day),
        }));
    }
}
