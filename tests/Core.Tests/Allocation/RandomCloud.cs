using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Allocation.Laws;

namespace Core.Tests.Allocation;

/// <summary>A small cloud to which things happen at random, from a seed.</summary>
internal sealed class RandomCloud
{
    private readonly SplitMix _random;
    private readonly string[] _chips;
    private readonly string[] _leaves;
    private int _submitted;

    public RandomCloud(ulong seed)
    {
        _random = new SplitMix(seed);
        _chips = [.. Enumerable.Range(0, _random.Below(4) == 0 ? 1 + _random.Below(3) : 1).Select(chip => $"chip-{chip}")];
        var units = Units();
        var inner = units.Select(unit => unit.Parent).ToHashSet();
        _leaves = [.. units.Select(unit => unit.Name).Where(name => !inner.Contains(name))];
        Snapshot = new AllocationSnapshot
        {
            NowMs = 0,
            Nodes = [.. Enumerable.Range(0, 1 + _random.Below(5)).Select(Node)],
            Units = [.. units],
            Settings = new AllocationSettings { LeaseTermMs = 360_000, HalfLifeMs = Half() },
        };
    }

    public AllocationSnapshot Snapshot { get; private set; }

    /// <summary>Carries a plan out, then lets one thing happen.</summary>
    public void Step(AllocationPlan plan)
    {
        Snapshot = PlanReplay.CarriedOut(Snapshot, plan) with { NowMs = Snapshot.NowMs + 1000 };
        switch (_random.Below(12))
        {
            case < 6:
                Submit();
                break;
            case < 9:
                Finish();
                break;
            case 9:
                Lose();
                break;
            case 10:
                Change();
                break;
            default:
                Pass(1000L * (1 + _random.Below(600)));
                break;
        }
    }

    private void Pass(long ms)
    {
        var running = Snapshot.Leases.Select(lease => lease.WorkloadId).ToHashSet(StringComparer.Ordinal);
        Snapshot = Snapshot with
        {
            NowMs = Snapshot.NowMs + ms,
            Workloads = [.. Snapshot.Workloads.Select(workload => running.Contains(workload.Id)
                ? workload with { AttainedMs = workload.AttainedMs + ms }
                : workload)],
        };
    }

    private void Submit()
    {
        for (var i = _random.Below(4); i >= 0; i--)
        {
            Snapshot = Snapshot with { Workloads = Snapshot.Workloads.Add(Workload($"w{_submitted++}")) };
        }
    }

    private void Finish()
    {
        // Waiting ones leave too, or the queue would only grow.
        for (var i = _random.Below(3) + (Snapshot.Workloads.Length > 25 ? 6 : 0); i >= 0 && Snapshot.Workloads.Length > 0; i--)
        {
            var gone = Snapshot.Workloads[_random.Below(Snapshot.Workloads.Length)].Id;
            Snapshot = Snapshot with
            {
                Workloads = [.. Snapshot.Workloads.Where(workload => workload.Id != gone)],
                Leases = [.. Snapshot.Leases.Where(lease => lease.WorkloadId != gone)],
            };
        }
    }

    private void Lose()
    {
        var at = _random.Below(Snapshot.Nodes.Length);
        Snapshot = Snapshot with { Nodes = Snapshot.Nodes.SetItem(at, Snapshot.Nodes[at] with { Healthy = !Snapshot.Nodes[at].Healthy }) };
    }

    private void Change()
    {
        var at = _random.Below(Snapshot.Units.Length);
        var unit = Snapshot.Units[at];
        Snapshot = Snapshot with { Units = Snapshot.Units.SetItem(at, Dress(unit with { Weight = _random.Below(4) }, unit.Parent is null)) };
    }

    private WorkloadState Workload(string id) => new()
    {
        Id = id,
        Name = id,
        Unit = _leaves[_random.Below(_leaves.Length)],
        Kind = _random.Below(8) == 0 ? WorkloadKind.Service : WorkloadKind.Job,
        Members = _random.Below(3) == 0 ? 1 + _random.Below(6) : 1,
        DevicesMilli = _random.Below(6) == 0 ? 100 * (1 + _random.Below(9)) : _random.Below(5) == 0 ? 2000 : 1000,
        MemoryMiB = _random.Below(6) == 0 ? 1024 * _random.Below(12) : 0,
        CpuMilli = _random.Below(6) == 0 ? 1000 * _random.Below(6) : 0,
        Speeds = [.. _chips.Select(chip => new ClassSpeed(chip, 100_000 * _random.Below(11))).Append(new ClassSpeed(_chips[0], 1_000_000)).DistinctBy(speed => speed.ChipClass)],
        Priority = _random.Below(5) == 0 ? _random.Below(3) : 0,
        Preemptible = _random.Below(6) != 0,
        Resumable = _random.Below(3) == 0,
        CheckpointEveryMs = _random.Below(4) == 0 ? 60_000 : null,
        Mixed = _random.Below(12) < (_chips.Length > 1 ? 4 : 1),
        DeclaredMs = _random.Below(3) == 0 ? 1000L * _random.Below(5000) : null,
        SubmittedMs = Snapshot.NowMs,
        Held = _random.Below(30) == 0,
        Refusals = _random.Below(25) == 0 ? [new ClassRefusal(_chips[0], RefusalKind.Admission, "The policy says no.", "Ask for another class.")] : [],
    };

    private NodeState Node(int number) => new()
    {
        Name = $"n{number}",
        ChipClass = _chips[number % _chips.Length],
        Devices = 1 + _random.Below(8),
        MemoryMiB = _random.Below(3) == 0 ? 8192 : 0,
        CpuMilli = _random.Below(4) == 0 ? 16_000 : 0,
        Rack = _random.Below(2) == 0 ? $"r{number % 2}" : null,
    };

    private List<UnitState> Units()
    {
        var units = new List<UnitState> { new() { Name = "root" } };
        for (var i = 1 + _random.Below(6); i >= 0; i--)
        {
            var parent = units[_random.Below(3) == 0 ? _random.Below(units.Count) : 0].Name;
            units.Add(Dress(new UnitState { Name = $"u{i}", Parent = parent, Weight = _random.Below(4) }, root: false));
        }

        return units;
    }

    private UnitState Dress(UnitState unit, bool root) => unit with
    {
        Guarantee = root || _random.Below(2) == 0 ? ChipAmounts.None : Amounts(5),
        Firm = root || _random.Below(8) != 0 ? ChipAmounts.None : Amounts(3),
        Limit = root || _random.Below(5) != 0 ? ChipAmounts.None : Amounts(8),
        MinRuntimeMs = _random.Below(5) == 0 ? 30_000 : null,
        MaxWaitMs = _random.Below(8) == 0 ? 60_000 : null,
    };

    private ChipAmounts Amounts(int below) => ChipAmounts.Of((_chips[_random.Below(_chips.Length)], 1000L * _random.Below(below)));

    private ChipAmounts Half() => _random.Below(2) == 0
        ? ChipAmounts.None
        : ChipAmounts.From(_chips.Select(chip => new KeyValuePair<string, long>(chip, 0)));

    /// <summary>The same numbers on every runtime, unlike a library's generator.</summary>
    private sealed class SplitMix(ulong state)
    {
        private ulong _state = state;

        public int Below(int bound)
        {
            _state += 0x9E3779B97F4A7C15;
            var z = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return (int)((z ^ (z >> 31)) % (ulong)bound);
        }
    }
}
