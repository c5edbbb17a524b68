using System.Collections.Immutable;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Core.Journal;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;

namespace Core.Tests.Ledger.Pricing;

/// <summary>Books of a small group: `group` over the customers `acme` (with the project `acme-lab`) and `birch` (segment gold), and the department `core`.</summary>
internal sealed class PricedCloud
{
    public const long Day = 86_400_000;
    public const long Hour = 3_600_000;

    /// <summary>2026-12-01.</summary>
    public static readonly long December = new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    private long _sequence;

    public PricedCloud()
    {
        foreach (var (name, parent) in new[] { ("group", null), ("acme", "group"), ("acme-lab", "acme"), ("birch", "group"), ("core", (string?)"group") })
        {
            Units.Set(new Unit
            {
                Name = name, Parent = parent, Facts = name == "birch" ? ImmutableSortedDictionary<string, string>.Empty.Add("segment", "gold") : ImmutableSortedDictionary<string, string>.Empty,
            });
        }

        Tariffs = new Tariffs(Prices, Contracts, Commitments, Units);
    }

    public PriceBook Prices { get; } = new();

    public ContractBook Contracts { get; } = new();

    public CommitmentBook Commitments { get; } = new();

    public UnitTree Units { get; } = new();

    public Tariffs Tariffs { get; }

    public Counters Counters { get; } = new();

    public Rater Rater() => new(Tariffs, Counters);

    public Price Price(long nano, long fromMs, string subject = "h100", string? segment = null, string? unit = null, ContractState contracts = ContractState.All, long? announcedMs = null, params PriceTier[] tiers)
    {
        var price = new Price
        {
            Version = Prices.LastVersion + 1, Kind = PriceKind.DeviceHour, Subject = subject, FromMs = fromMs, DeviceHourNano = nano, Segment = segment, Unit = unit, Contracts = contracts,
            AnnouncedMs = announcedMs ?? fromMs, Tiers = tiers.Length == 0 ? null : tiers,
        };
        Prices.Add(price);
        return price;
    }

    public Contract Sign(Contract contract, long atMs = 0)
    {
        Contracts.Apply(new JournalRecord(++_sequence, atMs, Actor.Loop("test"), new ContractSigned(contract)));
        return contract;
    }

    public long Nano(string unit, long atMs, string chip = "h100") => Tariffs.Device(unit, chip, atMs).Rates.DeviceHour;

    public static Contract Contract(string unit, long fromMs, long toMs, PriceTerms? terms = null, long noticeMs = 0, long? lockedUntilMs = null) => new()
    {
        Id = $"c-{unit}", Unit = unit, ChipClass = "h100", MilliDevices = 4000, FromMs = fromMs, ToMs = toMs, Price = terms, NoticeMs = noticeMs, LockedUntilMs = lockedUntilMs,
    };

    public static Lease Lease(string unit, long fromMs, long? toMs, int devices = 1, string id = "l1") => new()
    {
        Id = id, WorkloadId = "w1", Unit = unit, Member = 0, Node = "n1", ChipClass = "h100", Devices = [.. Enumerable.Range(0, devices)], FromMs = fromMs, ToMs = toMs, ChargedToMs = fromMs,
    };
}
