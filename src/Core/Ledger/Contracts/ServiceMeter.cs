using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger.Contracts;

/// <summary>
/// Measures service levels from what really happened: after each plan, what the unit of each contract asks for on its class and what it holds. Only what waits
/// for devices counts as asked and not held; what a person, a rule, a budget, a limit or a failed start keeps from running is no debt of the supplier.
/// </summary>
public static class ServiceMeter
{
    /// <summary>What changed since it was recorded last; usually nothing.</summary>
    public static List<JournalEvent> News(CloudState state, AllocationPlan plan, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(plan);
        var events = new List<JournalEvent>();
        if (!state.Contracts.All.Any(contract => contract.InForce(nowMs)))
        {
            return events;
        }

        var excused = plan.Pending.Where(pending => IsExcused(pending.Reason)).Select(pending => pending.WorkloadId).ToHashSet(StringComparer.Ordinal);
        foreach (var group in state.Contracts.All.Where(contract => contract.InForce(nowMs)).GroupBy(contract => (contract.Unit, contract.ChipClass)))
        {
            var held = state.OpenLeases.Where(lease => lease.ChipClass == group.Key.ChipClass && lease.EndingMs is null && state.Units.IsWithin(lease.Unit, group.Key.Unit)).Sum(lease => lease.MilliDevices);
            var asked = held + Waiting(state, group.Key.Unit, group.Key.ChipClass, excused, nowMs);
            foreach (var (contract, rate) in Shared(group, asked, held))
            {
                if (state.Contracts.Service(contract.Id).Rate != rate)
                {
                    events.Add(new ContractServiceChanged(contract.Id, rate.AskedMilli, rate.HeldMilli));
                }
            }
        }

        return events;
    }

    /// <summary>Several contracts of one unit on one class are filled in order of signing.</summary>
    public static IEnumerable<(Contract Contract, ServiceRate Rate)> Shared(IEnumerable<Contract> contracts, long askedMilli, long heldMilli)
    {
        ArgumentNullException.ThrowIfNull(contracts);
        foreach (var contract in contracts)
        {
            var asked = Math.Min(contract.MilliDevices, askedMilli);
            var held = Math.Min(asked, heldMilli);
            (askedMilli, heldMilli) = (askedMilli - asked, heldMilli - held);
            yield return (contract, new(asked, held));
        }
    }

    /// <summary>Milli-devices that open workloads of the subtree want, hold nowhere, and could have on this class.</summary>
    private static long Waiting(CloudState state, string unit, string chipClass, HashSet<string> excused, long nowMs)
    {
        long waiting = 0;
        foreach (var workload in state.OpenWorkloads)
        {
            if (excused.Contains(workload.Id) || nowMs < workload.NotBeforeMs || !state.Units.IsWithin(workload.Spec.Unit, unit)
                || state.SpeedsOf(workload.Id) is not { } speeds || !speeds.Any(speed => speed.ChipClass == chipClass && speed.Millionths > 0)
                || AllocationInput.Demand(state, workload, speeds, nowMs) is not { } demand)
            {
                continue;
            }

            var held = state.OpenLeasesOf(workload.Id).Count(lease => lease.EndingMs is null);
            waiting += demand.DevicesMilli * (workload.Spec.IsService ? Math.Max(0, demand.Members - held) : held == 0 ? demand.Members : 0);
        }

        return waiting;
    }

    private static bool IsExcused(PendingReason reason) => reason is
        PendingReason.Held or PendingReason.Admission or PendingReason.NoSuchChip or PendingReason.TooLarge or PendingReason.Limit or PendingReason.Budget;
}
