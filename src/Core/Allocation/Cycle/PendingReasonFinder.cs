using Amalgam.Core.Allocation.Tree;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// Says of every waiting workload why it waits and what is the least that would start it; once for all equal ones, and only when
/// asked. What it says is as the cycle left things, even when the state has been rolled back or has moved on.
/// </summary>
internal sealed class PendingReasonFinder(PlanningState state, CycleTargets targets, Organisation tree) : PendingCollection.ISource
{
    private readonly Dictionary<Shape, Finding> _found = [];
    private readonly long[] _free = [.. state.Stocks.Select(stock => stock.FreeMilli)];
    private readonly Bounds _bounds = new(tree, targets);
    private readonly Dictionary<Entry, bool> _waits = state.Touched.Where(entry => entry.Workload.Members > 0).ToDictionary(entry => entry, entry => !entry.Running);
    private readonly int _count = state.Waiting;
    private readonly long _facts = state.Facts;

    /// <summary>For whom devices are being gathered.</summary>
    public required Dictionary<Entry, GatheringNote> Notes { get; init; }

    private sealed record Finding(PendingReason Reason, string Detail, string Change, LimitRaise? Remedy = null);

    public int Count => _count;

    public IEnumerable<PendingWorkload> All() =>
        state.Entries.Where(Waits).OrderBy(entry => entry.Index).Select(Describe);

    public PendingWorkload? Find(string workloadId) => state.Find(workloadId) is { } entry && Waits(entry) ? Describe(entry) : null;

    public IEnumerable<(PendingReason Reason, int Count)> Counts() => state.Shapes.Where(shape => shape.Waiting > 0)
        .GroupBy(shape => Of(shape).Reason).Select(group => (group.Key, group.Sum(shape => shape.Waiting)));

    // As the plan left it; of what the state learned later, as the state has it, less what the plan has begun.
    private bool Waits(Entry entry)
    {
        var known = _waits.TryGetValue(entry, out var waits);
        return known && (_facts == state.Facts || !waits) ? waits : !entry.Running && entry.Workload.Members > 0;
    }

    private PendingWorkload Describe(Entry entry)
    {
        if (Notes.TryGetValue(entry, out var note))
        {
            return new PendingWorkload(entry.Workload.Id, PendingReason.Gathering, note.Detail, note.Change, note.PlannedStartMs);
        }

        var found = Of(entry.Shape);
        return new PendingWorkload(entry.Workload.Id, found.Reason, found.Detail, found.Change, null) { Remedy = found.Remedy };
    }

    private Finding Of(Shape shape)
    {
        if (!_found.TryGetValue(shape, out var answer))
        {
            answer = shape.Sample.Held ? new(PendingReason.Held, "It is held by a person.", "Release it.") : Judge(shape);
            _found.Add(shape, answer);
        }

        return answer;
    }

    // Each class has its own obstacle; the one that is nearest to a start is the workload's.
    private Finding Judge(Shape shape)
    {
        var request = new Request(new Entry(shape.Sample, 0, shape, null!));
        Finding best = new(PendingReason.NoSuchChip, NoChip(shape), AddNode(shape));
        var nearest = -1;
        for (var c = 0; c < state.Chips.Length; c++)
        {
            if (shape.Speeds[c] <= 0)
            {
                continue;
            }

            var judged = JudgeClass(request, c);
            var near = Nearness(judged.Reason, shape.Placeable[c]);
            if (near > nearest)
            {
                (best, nearest) = (judged, near);
            }
        }

        return best;
    }

    // A class that can never hold it is the farthest; then one that a policy refuses, then one whose nodes are lost.
    private static int Nearness(PendingReason reason, bool placeable) => reason switch
    {
        PendingReason.NoSuchChip => 0,
        PendingReason.TooLarge => 1,
        PendingReason.Admission => 2,
        _ => placeable ? 4 + (int)reason : 3,
    };

    private Finding JudgeClass(in Request request, int chip)
    {
        var shape = request.Shape;
        var name = state.Chips[chip];
        var size = Devices(request.Milli);
        if (shape.Refusals[chip] is { Kind: RefusalKind.Admission } refused)
        {
            return new(PendingReason.Admission, refused.Detail, refused.SmallestChange);
        }

        if (!Reach.AnyDeviceServes(state.Stocks[chip], shape.Member))
        {
            return new(PendingReason.NoSuchChip,
                $"No {name} device has the {shape.Member.MemoryMiB} MiB of memory that each of its devices needs.",
                $"Ask for at most {state.Stocks[chip].MostMemoryMiB} MiB on each device.");
        }

        if (!shape.PlaceableEver[chip])
        {
            return new(PendingReason.TooLarge, TooLarge(shape, chip), Shrink(shape, chip));
        }

        if (!_bounds.WithinLimit(request, chip))
        {
            return OverLimit(request, chip);
        }

        if (shape.Refusals[chip] is { } budget)
        {
            return new(PendingReason.Budget, budget.Detail, budget.SmallestChange);
        }

        if (!shape.Preemptible && !_bounds.WithinGuarantee(request, chip))
        {
            return new(PendingReason.GuaranteeOnly,
                $"It is not preemptible and {size} of {name} more would be beyond what its unit is guaranteed.",
                "Let it be preempted, or raise the guarantee of its unit.");
        }

        return Busy(request, chip, name, size);
    }

    private Finding Busy(in Request request, int chip, string name, string size)
    {
        if (!request.Shape.Placeable[chip])
        {
            return new(PendingReason.Capacity, $"The {name} nodes that could hold it are lost at the moment.", "Bring a lost node back.");
        }

        if (request.Milli == 0)
        {
            return new(PendingReason.Capacity, $"No node with {name} has its CPU and RAM free.", "Ask for less CPU or RAM, or let work beside the devices end.");
        }

        if (!_bounds.LeafWithinTarget(request, chip))
        {
            var at = tree.At(request.Shape.Leaf, chip);
            return new(PendingReason.Share,
                $"Its unit holds {Devices(tree.Held[at])} of {name}, its share now is {Devices(targets.Raw[at])}, and nothing idle fits.",
                $"{size} of {name} idle, or a larger share for its unit.");
        }

        if (_free[chip] >= request.Milli)
        {
            return new(PendingReason.Fragmented,
                $"{Devices(_free[chip])} of {name} are free, but not together.",
                request.Shape.Member.IsShare
                    ? $"{size} free on one {name} device."
                    : $"{request.Shape.Member.Devices} free {name} devices on each of {request.Members} places.");
        }

        return new(PendingReason.Capacity,
            $"It is within the share of its unit, but only {Devices(_free[chip])} of {name} are free and none can be taken back now.",
            $"{Devices(request.Milli - _free[chip])} of {name} more to become free.");
    }

    private Finding OverLimit(in Request request, int chip)
    {
        for (var u = request.Shape.Leaf; u >= 0; u = tree.Parent[u])
        {
            var at = tree.At(u, chip);
            if (tree.Held[at] + request.Milli > tree.Limit[at])
            {
                var enough = tree.Held[at] + request.Milli;
                return new(PendingReason.Limit,
                    $"Unit {tree.Units[u].Name} holds {Devices(tree.Held[at])} of its limit of {Devices(tree.Limit[at])} of {state.Chips[chip]}.",
                    $"Raise the limit of {tree.Units[u].Name} to {Devices(enough)}, or let other work of it end.",
                    new LimitRaise(tree.Units[u].Name, state.Chips[chip], enough));
            }
        }

        return new(PendingReason.Limit, "A limit is reached.", "Raise the limit.");
    }

    private static string NoChip(Shape shape)
    {
        var asked = shape.Sample.Speeds.Where(speed => speed.Millionths > 0).Select(speed => speed.ChipClass).ToList();
        return asked.Count == 0
            ? "It runs on no chip class at all: every speed is 0."
            : $"No node has {string.Join(" or ", asked)}.";
    }

    private static string AddNode(Shape shape) => shape.Sample.Speeds.Any(speed => speed.Millionths > 0)
        ? $"Add a node with {shape.Sample.Speeds.First(speed => speed.Millionths > 0).ChipClass}, or let it run on a class that is there."
        : "Name a chip class on which it runs.";

    private string TooLarge(Shape shape, int chip)
    {
        var (stock, name) = (state.Stocks[chip], state.Chips[chip]);
        if (shape.Member.Devices > stock.MostDevices)
        {
            return $"A member needs {shape.Member.Devices} {name} devices on one node; the largest node has {stock.MostDevices}.";
        }

        var need = $"{Devices(shape.Member.Milli)} of {name}{Beside(shape.Sample)}";
        var holds = Reach.Copies(stock, shape.Member, healthyOnly: false, shape.Minimum);
        return shape.Minimum == 1
            ? $"It needs {need} on one node; no node has that together."
            : $"Its {shape.Minimum} members need {need} each; all {name} nodes, were they empty, would hold {(holds == 0 ? "none" : $"{holds}")} of them.";
    }

    // Only what was asked for.
    private static string Beside(WorkloadState asked) => (asked.CpuMilli, asked.RamMiB) switch
    {
        (0, 0) => "",
        ( > 0, 0) => $" with {asked.CpuMilli / 1000m:0.###} CPU cores",
        (0, > 0) => $" with {asked.RamMiB} MiB of RAM",
        _ => $" with {asked.CpuMilli / 1000m:0.###} CPU cores and {asked.RamMiB} MiB of RAM",
    };

    private string Shrink(Shape shape, int chip)
    {
        if (shape.Member.Devices > state.Stocks[chip].MostDevices)
        {
            return $"Ask for at most {state.Stocks[chip].MostDevices} devices for each member.";
        }

        var holds = Reach.Copies(state.Stocks[chip], shape.Member, healthyOnly: false, shape.Minimum);
        return holds == 0
            ? $"Ask for less beside each device, or add a larger {state.Chips[chip]} node."
            : $"Ask for at most {holds} member{(holds == 1 ? "" : "s")}, or add {state.Chips[chip]} nodes.";
    }

    private static string Devices(long milli)
    {
        var text = milli % 1000 == 0 ? $"{milli / 1000}" : $"{milli / 1000.0:0.###}";
        return milli == 1000 ? "1 device" : $"{text} devices";
    }
}
