namespace Amalgam.Core.Allocation.Laws;

/// <summary>L1, L2, L3 and L11: what may be held at all.</summary>
internal static class HoldingLaws
{
    public static void Check(CheckedState state, List<LawViolation> found)
    {
        Devices(state, found);
        foreach (var (id, pieces) in state.After)
        {
            if (pieces.Count > 0)
            {
                Gang(state, state.Workloads[id], pieces, found);
            }
        }

        foreach (var unit in state.Snapshot.Units)
        {
            foreach (var limit in unit.Limit.Entries)
            {
                var held = state.HeldAfter(unit.Name, limit.Key);
                if (held > limit.Value)
                {
                    found.Add(new(Law.L3, $"unit {unit.Name} holds {held} milli-devices of {limit.Key}, its limit is {limit.Value}"));
                }
            }
        }

        NotPreemptible(state, found);
    }

    private static void Devices(CheckedState state, List<LawViolation> found)
    {
        foreach (var piece in state.After.Values.SelectMany(pieces => pieces))
        {
            if (!state.Nodes.TryGetValue(piece.Node, out var node) || piece.Devices.Any(device => device < 0 || device >= node.Devices))
            {
                found.Add(new(Law.L1, $"{piece.Workload} holds a device of {piece.Node} that does not exist"));
                return;
            }
        }

        var free = new FreeDevices(state, state.After.Values.SelectMany(pieces => pieces));
        foreach (var node in state.Snapshot.Nodes)
        {
            for (var device = 0; device < node.Devices; device++)
            {
                if (free.MilliOf(node.Name, device) < 0 || free.MemoryOf(node.Name, device) < 0)
                {
                    found.Add(new(Law.L1, $"device {device} of {node.Name} is leased above what it has"));
                }
            }

            if (free.RestOf(node.Name) is { Cpu: < 0 } or { Ram: < 0 })
            {
                found.Add(new(Law.L1, $"CPU or RAM of {node.Name} is leased above what it has"));
            }
        }
    }

    private static void Gang(CheckedState state, WorkloadState workload, List<Piece> pieces, List<LawViolation> found)
    {
        if (pieces.Count < CheckedState.Least(workload) || pieces.Count > workload.Members)
        {
            found.Add(new(Law.L2, $"{workload.Name} holds {pieces.Count} members of {workload.Members}, at least {CheckedState.Least(workload)}"));
        }

        if (!workload.Mixed && workload.Kind == WorkloadKind.Job &&
            pieces.Select(piece => state.ChipOf(piece.Node)).Distinct(StringComparer.Ordinal).Count() > 1)
        {
            found.Add(new(Law.L2, $"{workload.Name} sits on several chip classes and is not mixed"));
        }

        if (pieces.Any(piece => piece.Milli != CheckedState.Milli(workload, 1) || piece.Devices.Distinct().Count() != piece.Devices.Length))
        {
            found.Add(new(Law.L2, $"a member of {workload.Name} does not hold what it asked for"));
        }
    }

    private static void NotPreemptible(CheckedState state, List<LawViolation> found)
    {
        foreach (var decision in state.Plan.Decisions)
        {
            var workload = state.Workloads[decision.WorkloadId];
            if (workload.Preemptible || decision is EvictDecision)
            {
                continue;
            }

            foreach (var unit in state.PathOf(workload.Unit))
            {
                foreach (var chip in state.Chips)
                {
                    var (before, after) = (Fixed(state, state.Before, unit, chip), Fixed(state, state.After, unit, chip));
                    if (after > before && after > state.Guarantee(unit, chip))
                    {
                        found.Add(new(Law.L11, $"{workload.Name} lifts what is not preemptible in {unit} to {after} milli-devices of {chip}, guaranteed are {state.Guarantee(unit, chip)}"));
                    }
                }
            }
        }
    }

    private static long Fixed(CheckedState state, Dictionary<string, List<Piece>> held, string unit, string chip)
    {
        long milli = 0;
        foreach (var (id, pieces) in held)
        {
            if (pieces.Count > 0 && !state.Workloads[id].Preemptible && state.PathOf(state.Workloads[id].Unit).Contains(unit))
            {
                milli += pieces.Where(piece => string.Equals(state.ChipOf(piece.Node), chip, StringComparison.Ordinal)).Sum(piece => piece.Milli);
            }
        }

        return milli;
    }
}
