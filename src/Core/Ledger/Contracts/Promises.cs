using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Stock;
using Amalgam.Core.Units;

namespace Amalgam.Core.Ledger.Contracts;

/// <summary>How much of a class is promised at an instant. As in the allocator, an inner unit's promise is the larger of its own and its children's sum.</summary>
public static class Promises
{
    /// <summary>Milli-devices promised by contracts, with one more contract if given.</summary>
    public static long FirmMilli(CloudState state, string chipClass, long atMs, Contract? more = null) => RollUp(state, unit => Firm(state, unit.Name, chipClass, atMs, more));

    /// <summary>Milli-devices promised by contracts and by guarantees of units.</summary>
    public static long AllMilli(CloudState state, string chipClass, long atMs) =>
        RollUp(state, unit => Math.Max(unit.Guarantee.GetValueOrDefault(chipClass), Firm(state, unit.Name, chipClass, atMs, null)));

    /// <summary>The worst instant of a contract that is about to be signed: when it would promise most beyond the healthy devices. Null when it is covered all the time.</summary>
    public static Overcommit? Beyond(CloudState state, Contract contract, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(contract);
        Overcommit? worst = null;
        foreach (var at in state.Contracts.All.Select(other => other.FromMs).Append(contract.FromMs).Where(contract.InForce).Distinct().Order())
        {
            var promised = FirmMilli(state, contract.ChipClass, at, contract);
            var healthy = Supply.Devices(state, contract.ChipClass, nowMs, at) * 1000;
            if (promised - healthy > (worst?.BeyondMilli ?? 0))
            {
                worst = new(at, FirmMilli(state, contract.ChipClass, at), promised, healthy);
            }
        }

        return worst;
    }

    private static long Firm(CloudState state, string unit, string chipClass, long atMs, Contract? more) =>
        state.Contracts.InForce(unit, chipClass, atMs).Sum(contract => contract.MilliDevices)
        + (more is not null && more.Unit == unit && more.ChipClass == chipClass && more.InForce(atMs) ? more.MilliDevices : 0);

    private static long RollUp(CloudState state, Func<Unit, long> own)
    {
        ArgumentNullException.ThrowIfNull(state);
        var children = state.Units.InOrder.Where(unit => unit.Parent is not null).ToLookup(unit => unit.Parent!, StringComparer.Ordinal);
        long Total(Unit unit) => Math.Max(own(unit), children[unit.Name].Sum(Total));
        return Total(state.Units.Root);
    }
}

/// <param name="BeforeMilli">Promised to others at that instant.</param>
/// <param name="PromisedMilli">With the new contract.</param>
public sealed record Overcommit(long AtMs, long BeforeMilli, long PromisedMilli, long HealthyMilli)
{
    public long BeyondMilli => PromisedMilli - HealthyMilli;
}
