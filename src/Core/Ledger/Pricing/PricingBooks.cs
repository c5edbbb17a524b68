using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Units;

namespace Amalgam.Core.Ledger.Pricing;

/// <summary>Copies of all books that say what a unit pays, so that a preview can read for minutes while the cloud goes on.</summary>
public sealed record PricingBooks(PriceBook Prices, ContractBook Contracts, CommitmentBook Commitments, UnitTree Units, Counters Counters)
{
    public static PricingBooks Of(CloudState state)
    {
        var (contracts, commitments, units) = (new ContractBook(), new CommitmentBook(), new UnitTree());
        foreach (var contract in state.Contracts.All)
        {
            contracts.Apply(new JournalRecord(0, 0, Actor.Loop("copy"), new ContractSigned(contract)));
        }

        foreach (var commitment in state.Commitments.All)
        {
            commitments.Add(commitment);
        }

        foreach (var unit in state.Units.InOrder)
        {
            units.Set(unit);
        }

        return new PricingBooks(state.Prices.Copy(), contracts, commitments, units, state.Counters.Copy());
    }

    public Tariffs Tariffs() => new(Prices, Contracts, Commitments, Units);

    public PricingBooks With(IEnumerable<Price> versions)
    {
        var prices = Prices.Copy();
        foreach (var price in versions)
        {
            prices.Add(price);
        }

        return this with { Prices = prices };
    }
}
