using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;

namespace Core.Tests.Simulation.Journal;

/// <summary>Writes a journal as a cloud does: what people ask, plans that the allocator really makes, leases that follow from them. Time in seconds.</summary>
internal sealed class RecordedCloud
{
    private readonly List<JournalRecord> _records = [];
    private readonly CloudState _state = new();
    private readonly AllocationFeed _feed = new();
    private AllocationHistory _history = AllocationHistory.Empty;
    private long _nowMs = 1_000_000_000_000;

    public RecordedCloud()
    {
        Add(new CloudFounded("EUR", "1"), new UnitSet(new Unit { Name = "root" }));
    }

    public CloudState State => _state;

    /// <summary>Who holds what, after every record so far.</summary>
    public DeviceBook Devices()
    {
        _ = _feed.Plan(_state, _history, _nowMs);
        return _feed.Devices;
    }

    /// <summary>As they come back from the disk.</summary>
    public IEnumerable<JournalRecord> Records => _records.Select(record => JournalJson.Read(record.Sequence, JournalJson.Write(record)));

    public void Pass(double seconds) => _nowMs += (long)(seconds * 1000);

    public void Add(params JournalEvent[] events)
    {
        foreach (var fact in events)
        {
            _records.Add(new JournalRecord(_records.Count + 1, _nowMs, new Actor("test", null, null), fact));
            _state.Apply(_records[^1]);
            _feed.Apply(_records[^1]);
        }
    }

    public void Node(string name, string chip, int devices, params int[] broken) =>
        Add(new NodesSeen([new NodeState { Name = name, Machine = name, ChipClass = chip, Devices = devices, MemoryMiB = 1024, UnhealthyDevices = [.. broken] }], []));

    public void Unit(string name, long weight = 1, params (string Chip, int Devices)[] guarantee) => Add(new UnitSet(new Unit
    {
        Name = name, Parent = "root", Weight = weight, Guarantee = guarantee.ToImmutableSortedDictionary(amount => amount.Chip, amount => amount.Devices * 1000L, StringComparer.Ordinal),
    }));

    public string Submit(string unit, int devices, int members, bool resumable, params (string Chip, int Millionths)[] speeds)
    {
        var id = $"w{_state.NextWorkload}";
        var spec = new WorkloadSpec { Name = id, Unit = unit, DevicesMilli = devices * 1000L, Members = members, Resumable = resumable, Job = new JobSpec { Command = ["work"] } };
        Add(new WorkloadSubmitted(id, spec), new WorkloadsFitted([id], [.. speeds.Select(speed => new ClassSpeed(speed.Chip, speed.Millionths))]));
        return id;
    }

    public void Plan()
    {
        var plan = _feed.Plan(_state, _history, _nowMs);
        var before = _history;
        _history = plan.History;
        if (plan.Decisions.IsEmpty)
        {
            return;
        }

        Add(new PlanMade(before.Since(_state.Owed), DecisionText.Of(plan), OnlyChanged: true));
        foreach (var decision in plan.Decisions)
        {
            CarryOut(decision);
        }
    }

    public void Finish(string id)
    {
        End(id, LeaseEnd.Finished);
        Add(new WorkloadEnded(id, WorkloadResult.Succeeded, 0, "exit code 0"));
    }

    private void CarryOut(AllocationDecision decision)
    {
        var members = decision switch
        {
            StartDecision start => start.Members,
            MoveDecision move => move.Members,
            ResizeDecision resize => resize.Members,
            _ => [],
        };
        End(decision.WorkloadId, LeaseEnd.Evicted);
        foreach (var member in members)
        {
            Add(new LeaseStarted(new Lease
            {
                Id = $"l{_state.NextLease}", WorkloadId = decision.WorkloadId, Unit = _state.Workload(decision.WorkloadId)!.Spec.Unit, Member = member.Member, Node = member.Node,
                ChipClass = _state.Nodes.Single(node => node.Name == member.Node).ChipClass, Devices = member.Devices, MilliPerDevice = member.MilliPerDevice, FromMs = _nowMs, ChargedToMs = _nowMs,
            }));
        }
    }

    private void End(string id, LeaseEnd because)
    {
        foreach (var lease in _state.OpenLeasesOf(id).ToList())
        {
            Add(new LeaseEnding(lease.Id, because, null), new LeaseEnded(lease.Id, _nowMs, because, 0, null));
        }
    }
}
