using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Core.Ledger.Sharing;

namespace Amalgam.Core.Cloud;

/// <summary>The books behind what a unit pays.</summary>
public sealed partial class CloudState
{
    private readonly HashSet<string> _simulated = new(StringComparer.Ordinal);
    private Tariffs? _tariffs;

    /// <summary>What each unit pays for each class and model, at any instant.</summary>
    public Tariffs Tariffs => _tariffs ??= new Tariffs(Prices, Contracts, Commitments, Units);

    public CommitmentBook Commitments { get; } = new();

    public Counters Counters { get; } = new();

    public ReservedBook Reserved { get; } = new();

    public IdleShareBook Idle { get; } = new();

    /// <summary>The bill's lines by unit price.</summary>
    public PricedBook Priced { get; } = new();

    public PricedParts PricedParts => field ??= new PricedParts(Prices, Tariffs, Commitments);

    public int NextPriceChange { get; private set; } = 1;

    /// <summary>Rates usage one after the other; a new one for every decision.</summary>
    public Rater Rater() => new(Tariffs, Counters);

    private void ApplyPricing(JournalRecord record)
    {
        switch (record.Event)
        {
            case PriceSet set:
                Add(set.Price, record.AtMs);
                break;
            case PriceChanged changed:
                foreach (var price in changed.Prices)
                {
                    Add(price, record.AtMs);
                }

                NextPriceChange++;
                break;
            case CommitmentMade made:
                Commitments.Add(made.Commitment, record.AtMs);
                break;
            case CommitmentEnded ended:
                Commitments.End(ended);
                break;
            case ReservedIdleCharged idle:
                TakeApart(idle, record.AtMs, Units.PathAt(idle.Unit, idle.FromMs));
                Reserved.Apply(idle);
                Bill.Add(idle, Units.PathAt(idle.Unit, idle.FromMs));
                break;
            case CommitmentShortfallCharged unused:
                TakeApart(unused, record.AtMs, Units.PathAt(unused.Unit, unused.ToMs - 1));
                Commitments.Settle(unused);
                Bill.Add(unused, Units.PathAt(unused.Unit, unused.ToMs - 1));
                break;
            case IdleDevicesShared shared:
                TakeApart(shared, record.AtMs, "");
                Idle.Apply(record, shared);
                Bill.Add(shared, "");
                break;
            default:
                throw new InvalidOperationException($"journal record {record.Sequence} is of an unknown kind");
        }
    }

    private void ApplyContract(JournalRecord record)
    {
        Contracts.Apply(record);
        if (record.Event is ContractSigned signed)
        {
            Note(signed.Contract.ChipClass, signed.Contract.Simulated);
            Reserved.Signed(signed.Contract, record.AtMs);
        }
    }

    /// <summary>Has a lease or a contract of the class named its devices simulated?</summary>
    public bool IsSimulated(string chipClass) => _simulated.Contains(chipClass);

    private void Note(string chipClass, bool simulated)
    {
        if (simulated)
        {
            _simulated.Add(chipClass);
        }
    }

    private void TakeApart(JournalEvent charge, long atMs, string path)
    {
        foreach (var (key, part) in PricedParts.Of(charge, atMs, path))
        {
            Priced.Add(key, part);
        }
    }

    private void Add(Price price, long atMs) => Prices.Add(price.AnnouncedMs is null ? price with { AnnouncedMs = atMs } : price);
}
