using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

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
        var groups = state.Contracts.All.Where(contract => contract.InForce(nowMs)).GroupBy(contract => (contract.Unit, contract.ChipClass)).ToList();
        if (groups.Count == 0)
        {
            return events;
        }

        var (held, waiting) = (Held(state, groups.ConvertAll(group => group.Key)), Waiting(state, groups.ConvertAll(group => group.Key), plan, nowMs));
        foreach (var group in groups)
        {
            foreach (var (contract, rate) in Shared(group, held[group.Key] + waiting[group.Key], held[group.Key]))
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

    private static Dictionary<(string Unit, string ChipClass), long> Held(CloudState state, List<(string, string)> asked)
    {
        var held = asked.ToDictionary(key => key, _ => 0L);
        foreach (var lease in state.OpenLeases.Where(lease => lease.EndingMs is null))
        {
            AddUp(state, held, lease.Unit, lease.ChipClass, lease.MilliDevices);
        }

        return held;
    }

    /// <summary>Milli-devices that open workloads of each subtree want, hold nowhere, and could have on the class.</summary>
    private static Dictionary<(string Unit, string ChipClass), long> Waiting(CloudState state, List<(string Unit, string)> asked, AllocationPlan plan, long nowMs)
    {
        var waiting = asked.ToDictionary(key => key, _ => 0L);
        var units = asked.Select(key => key.Unit).ToHashSet(StringComparer.Ordinal);
        var excused = plan.Pending.Where(pending => IsExcused(pending.Reason)).Select(pending => pending.WorkloadId).ToHashSet(StringComparer.Ordinal);
        foreach (var workload in state.OpenWorkloads.Where(workload => nowMs >= workload.NotBeforeMs && !excused.Contains(workload.Id)))
        {
            if (Upwards(state, workload.Spec.Unit).Any(units.Contains) && state.SpeedsOf(workload.Id) is { } speeds && AllocationInput.Demand(state, workload, speeds, nowMs) is { } demand)
            {
                var held = state.OpenLeasesOf(workload.Id).Count(lease => lease.EndingMs is null);
                var missing = demand.DevicesMilli * (workload.Spec.IsService ? Math.Max(0, demand.Members - held) : held == 0 ? demand.Members : 0);
                foreach (var speed in speeds.Where(speed => speed.Millionths > 0))
                {
                    AddUp(state, waiting, workload.Spec.Unit, speed.ChipClass, missing);
                }
            }
        }

        return waiting;
    }

    private static void AddUp(CloudState state, Dictionary<(string Unit, string ChipClass), long> amounts, string unit, string chipClass, long milli)
    {
        foreach (var at in Upwards(state, unit).Where(at => amounts.ContainsKey((at, chipClass))))
        {
            amounts[(at, chipClass)] += milli;
        }
    }

    /// <summary>The unit and those above it.</summary>
    private static IEnumerable<string> Upwards(CloudState state, string unit)
    {
        for (var at = state.Units.Find(unit); at is not null; at = at.Parent is null ? null : state.Units.Find(at.Parent))
        {
            yield return at.Name;
        }
    }

    private static bool IsExcused(PendingReason reason) => reason is
        PendingReason.Held or PendingReason.Admission or PendingReason.NoSuchChip or PendingReason.TooLarge or PendingReason.Limit or PendingReason.Budget;
}
