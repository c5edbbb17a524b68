using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.State;

/// <summary>
/// A plan as events. What has to go is told to end at once; what is to start waits, without a record, until its devices are really free: the next
/// cycle plans it again. A gang is started whole or not at all.
/// </summary>
public sealed class PlanExecution
{
    private readonly CloudState _state;
    private readonly DeviceBook _devices;
    private readonly Dictionary<(string Node, int Device), long> _started = [];
    private readonly IReadOnlySet<string> _simulated;
    private readonly long _nowMs;
    private long _nextLease;

    private PlanExecution(AllocationPlan plan, DeviceBook devices, CloudState state, IReadOnlySet<string> simulated)
    {
        _simulated = simulated;
        (Plan, _devices, _state, _nowMs, _nextLease) = (plan, devices, state, plan.AtMs, state.NextLease);
    }

    public AllocationPlan Plan { get; }

    public List<JournalEvent> Events { get; } = [];

    public int Started { get; private set; }

    public int Ending { get; private set; }

    /// <param name="simulated">Names of nodes that do not exist; their leases say so for ever.</param>
    public static PlanExecution Of(AllocationPlan plan, DeviceBook devices, CloudState state, IReadOnlySet<string> simulated)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var execution = new PlanExecution(plan, devices, state, simulated);
        foreach (var decision in plan.Decisions)
        {
            execution.Carry(decision);
        }

        return execution;
    }

    private void Carry(AllocationDecision decision)
    {
        switch (decision)
        {
            case EvictDecision evict:
                EndAll(evict);
                break;
            case StartDecision start:
                Reach(start.WorkloadId, [.. start.Members], LeaseEnd.ScaledDown, null);
                break;
            case ResizeDecision resize:
                Reach(resize.WorkloadId, [.. resize.Members], resize.BeneficiaryId is null ? LeaseEnd.ScaledDown : LeaseEnd.Evicted, resize.BeneficiaryId);
                break;
            case MoveDecision move:
                Reach(move.WorkloadId, [.. move.Members], LeaseEnd.Evicted, move.BeneficiaryId);
                break;
        }
    }

    private void EndAll(EvictDecision evict)
    {
        foreach (var lease in _state.OpenLeasesOf(evict.WorkloadId).Where(lease => lease.EndingMs is null))
        {
            End(lease, LeaseEnd.Evicted, evict.BeneficiaryId);
        }
    }

    /// <summary>Brings a workload to exactly these members.</summary>
    private void Reach(string workloadId, List<MemberPlacement> wanted, LeaseEnd because, string? beneficiary)
    {
        var workload = _state.Workload(workloadId)!;
        var held = _state.OpenLeasesOf(workloadId).Where(lease => lease.EndingMs is null).ToList();
        foreach (var lease in held)
        {
            var same = wanted.FindIndex(place => IsAt(lease, place));
            if (same >= 0)
            {
                wanted.RemoveAt(same);
            }
            else
            {
                End(lease, because, beneficiary);
            }
        }

        // The members of a gang must be free together; replicas start one by one.
        var startable = wanted.Where(IsFree).ToList();
        if (workload.Spec.IsService || startable.Count == wanted.Count)
        {
            startable.ForEach(place => Start(workload, place));
        }
    }

    private static bool IsAt(Lease lease, MemberPlacement place) =>
        lease.Member == place.Member && lease.Node == place.Node && lease.MilliPerDevice == place.MilliPerDevice && lease.Devices.SequenceEqual(place.Devices);

    private bool IsFree(MemberPlacement place) =>
        place.Devices.All(device => _devices.UsedMilli(place.Node, device) + _started.GetValueOrDefault((place.Node, device)) + place.MilliPerDevice <= 1000);

    private void Start(Workload workload, MemberPlacement place)
    {
        foreach (var device in place.Devices)
        {
            _started[(place.Node, device)] = _started.GetValueOrDefault((place.Node, device)) + place.MilliPerDevice;
        }

        Events.Add(new LeaseStarted(new Lease
        {
            Id = $"l{_nextLease++}",
            WorkloadId = workload.Id,
            Unit = workload.Spec.Unit,
            Member = place.Member,
            Node = place.Node,
            ChipClass = _devices.Node(place.Node)!.ChipClass,
            Devices = place.Devices,
            MilliPerDevice = place.MilliPerDevice,
            Simulated = _simulated.Contains(place.Node),
            FromMs = _nowMs,
            ChargedToMs = _nowMs,
        }));
        Started++;
    }

    private void End(Lease lease, LeaseEnd because, string? beneficiary)
    {
        Events.Add(new LeaseEnding(lease.Id, because, beneficiary));
        Ending++;
    }
}
