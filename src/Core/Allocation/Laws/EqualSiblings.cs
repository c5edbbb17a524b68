namespace Amalgam.Core.Allocation.Laws;

/// <summary>Units of a snapshot that differ in their names alone, for the law that their order changes nothing but ties.</summary>
internal sealed class EqualSiblings
{
    /// <summary>What the solver may differ by when it adds up in another order.</summary>
    public const long SolverMilli = 2;

    private readonly AllocationSnapshot _snapshot;
    private readonly List<List<int>> _groups;
    private readonly Dictionary<string, string> _kind = new(StringComparer.Ordinal);

    public EqualSiblings(AllocationSnapshot snapshot)
    {
        _snapshot = snapshot;
        var inner = snapshot.Units.Select(unit => unit.Parent).ToHashSet();
        _groups = [.. Enumerable.Range(0, snapshot.Units.Length).Where(at => !inner.Contains(snapshot.Units[at].Name))
            .GroupBy(at => Likeness(snapshot.Units[at]), StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.ToList())];
        foreach (var unit in snapshot.Units)
        {
            _kind[unit.Name] = unit.Name;
        }

        foreach (var group in _groups)
        {
            group.ForEach(at => _kind[snapshot.Units[at].Name] = snapshot.Units[group[0]].Name);
        }
    }

    public bool Any => _groups.Count > 0;

    /// <summary>Nothing runs in them, nobody is owed anything, and all wait for the same; nobody else is there.</summary>
    public bool AreTwins => _snapshot.Leases.IsEmpty && _snapshot.History.Debts.IsEmpty && _groups.Count == 1 &&
        _groups[0].Select(at => string.Join('\n', _snapshot.Workloads
            .Where(workload => string.Equals(workload.Unit, _snapshot.Units[at].Name, StringComparison.Ordinal)).Select(Likeness))).Distinct(StringComparer.Ordinal).Count() == 1 &&
        _snapshot.Workloads.All(workload => _groups[0].Exists(at => string.Equals(_snapshot.Units[at].Name, workload.Unit, StringComparison.Ordinal)));

    /// <summary>The same cloud with each group created in the opposite order.</summary>
    public AllocationSnapshot Reversed()
    {
        var units = _snapshot.Units.ToBuilder();
        foreach (var group in _groups)
        {
            for (var i = 0; i < group.Count; i++)
            {
                units[group[i]] = _snapshot.Units[group[^(i + 1)]];
            }
        }

        return _snapshot with { Units = units.ToImmutable() };
    }

    /// <summary>What begins, by kind of unit and of work.</summary>
    public string Begun(AllocationPlan plan)
    {
        var workloads = _snapshot.Workloads.ToDictionary(workload => workload.Id, StringComparer.Ordinal);
        return string.Join('\n', plan.Decisions.OfType<StartDecision>()
            .Select(start => $"{_kind[workloads[start.WorkloadId].Unit]}: {Likeness(workloads[start.WorkloadId])} on {start.ChipClass}, {start.Members.Length} members")
            .Order(StringComparer.Ordinal));
    }

    private static string Likeness(UnitState unit) =>
        $"{unit.Parent}|{unit.Weight}|{unit.Guarantee}|{unit.Firm}|{unit.Limit}|{unit.MinRuntimeMs}|{unit.MaxWaitMs}";

    private static string Likeness(WorkloadState workload) => string.Join('|', workload.Kind, workload.Members, workload.ElasticMin, workload.DevicesMilli,
        workload.MemoryMiB, workload.CpuMilli, workload.RamMiB, string.Join(';', workload.Speeds), workload.Priority, workload.Preemptible, workload.Resumable,
        workload.CheckpointEveryMs, workload.MaxWaitMs, workload.Mixed, workload.Held, string.Join(';', workload.Refusals), workload.DeclaredMs,
        workload.AttainedMs, workload.SubmittedMs, workload.WaitingSinceMs);
}
