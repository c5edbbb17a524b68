using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger.Pricing;

/// <summary>
/// Reserved capacity by time: which leases held devices, and up to when each reserved contract is charged for what stood idle. Of leases that ended only what a charge still needs is kept.
/// </summary>
public sealed class ReservedBook
{
    private readonly Dictionary<string, Held> _open = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Held>> _ended = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Charged> _charged = new(StringComparer.Ordinal);

    /// <summary>A contract is charged from its begin, but never for time before it was signed.</summary>
    public void Signed(Contract contract, long atMs)
    {
        if (contract.Reserved)
        {
            _charged[contract.Id] = new Charged(contract.ChipClass, Math.Max(contract.FromMs, atMs), 0);
        }
    }

    public void Started(Lease lease) => _open[lease.Id] = new Held(lease.Unit, lease.ChipClass, lease.MilliDevices, lease.FromMs, long.MaxValue);

    public void Ended(string leaseId, long toMs)
    {
        if (_open.Remove(leaseId, out var held) && _charged.Values.Any(charged => charged.ChipClass == held.ChipClass && charged.ToMs < toMs))
        {
            if (!_ended.TryGetValue(held.ChipClass, out var list))
            {
                _ended[held.ChipClass] = list = [];
            }

            list.Add(held with { ToMs = toMs });
        }
    }

    /// <summary>Throws <see cref="InvalidOperationException"/> for a span that does not follow the one before: at most one charge for any time of a contract.</summary>
    public void Apply(ReservedIdleCharged idle)
    {
        if (!_charged.TryGetValue(idle.ContractId, out var before) || before.ToMs != idle.FromMs)
        {
            throw new InvalidOperationException($"contract {idle.ContractId} is charged twice or out of order from {idle.FromMs}");
        }

        _charged[idle.ContractId] = before with { ToMs = idle.ToMs, Remainder = idle.Remainder };
        if (_ended.TryGetValue(idle.ChipClass, out var list))
        {
            var neededFrom = _charged.Values.Where(charged => charged.ChipClass == idle.ChipClass).Min(charged => charged.ToMs);
            list.RemoveAll(held => held.ToMs <= neededFrom);
        }
    }

    /// <summary>What stood idle since the last charge, up to <paramref name="nowMs"/>; spans without idle devices are there too, with the amount 0, so that the next charge follows them.</summary>
    public IEnumerable<ReservedIdleCharged> Due(ContractBook contracts, UnitTree units, Tariffs tariffs, long nowMs)
    {
        var due = contracts.All.Where(contract => contract.Reserved && From(contract) < Math.Min(nowMs, contract.EndMs)).ToList();
        return due.GroupBy(contract => contract.ChipClass, StringComparer.Ordinal)
            .SelectMany(group => new ReservedSweep(units, tariffs, contracts.All.Where(contract => contract.Reserved && contract.ChipClass == group.Key), Held(group.Key)).Charge(group, From, Left, nowMs));
    }

    /// <summary>Is everything that stood idle of a class up to an instant charged?</summary>
    public bool IsCharged(ContractBook contracts, string chipClass, long toMs) =>
        contracts.All.All(contract => !contract.Reserved || contract.ChipClass != chipClass || From(contract) >= Math.Min(toMs, contract.EndMs));

    private long From(Contract contract) => _charged.TryGetValue(contract.Id, out var charged) ? charged.ToMs : long.MaxValue;

    private long Left(Contract contract) => _charged[contract.Id].Remainder;

    private List<Held> Held(string chipClass) => [.. _open.Values.Where(held => held.ChipClass == chipClass), .. _ended.GetValueOrDefault(chipClass) ?? []];

    private sealed record Charged(string ChipClass, long ToMs, long Remainder);
}

/// <summary>Devices of one lease, from one instant to another.</summary>
internal sealed record Held(string Unit, string ChipClass, long MilliDevices, long FromMs, long ToMs);
