using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>Finds the shape and the row of a workload, so that equal ones share them.</summary>
internal sealed class ShapeTable(PlanningState state)
{
    private readonly Dictionary<ShapeKey, Shape> _shapes = [];
    private readonly Dictionary<(Shape Shape, long Declared, long Attained), Row> _rows = [];

    // Most neighbours in a list are equal: the table is asked only where one differs from the one before.
    private WorkloadState? _last;
    private Shape? _lastShape;

    public List<Shape> All { get; } = [];

    public Shape Of(WorkloadState workload)
    {
        if (_last is not null && Same(_last, workload))
        {
            return _lastShape!;
        }

        var key = new ShapeKey(
            workload.Unit, workload.Kind, workload.Members, workload.ElasticMin ?? -1, workload.DevicesMilli, workload.MemoryMiB,
            workload.CpuMilli, workload.RamMiB, workload.Priority, workload.Preemptible, workload.Mixed, workload.Resumable,
            workload.Held, Signature(workload));
        if (!_shapes.TryGetValue(key, out var shape))
        {
            shape = Create(workload);
            _shapes.Add(key, shape);
            All.Add(shape);
        }

        (_last, _lastShape) = (workload, shape);
        return shape;
    }

    public Row RowOf(Shape shape, WorkloadState workload)
    {
        var key = (shape, workload.DeclaredMs ?? -1, workload.AttainedMs);
        if (!_rows.TryGetValue(key, out var row))
        {
            row = new Row(shape, workload.DeclaredMs, workload.AttainedMs);
            _rows.Add(key, row);
            state.Rows[shape.Leaf].Add(row);
        }

        return row;
    }

    private static bool Same(WorkloadState a, WorkloadState b) =>
        a.Kind == b.Kind && a.Members == b.Members && a.ElasticMin == b.ElasticMin && a.DevicesMilli == b.DevicesMilli &&
        a.MemoryMiB == b.MemoryMiB && a.CpuMilli == b.CpuMilli && a.RamMiB == b.RamMiB && a.Priority == b.Priority &&
        a.Preemptible == b.Preemptible && a.Mixed == b.Mixed && a.Resumable == b.Resumable && a.Held == b.Held &&
        string.Equals(a.Unit, b.Unit, StringComparison.Ordinal) &&
        (a.Speeds == b.Speeds || a.Speeds.AsSpan().SequenceEqual(b.Speeds.AsSpan())) &&
        (a.Refusals == b.Refusals || (a.Refusals.IsEmpty && b.Refusals.IsEmpty));

    private static string Signature(WorkloadState workload)
    {
        var speeds = string.Join(';', workload.Speeds.OrderBy(speed => speed.ChipClass, StringComparer.Ordinal)
            .Select(speed => $"{speed.ChipClass}={speed.Millionths}"));
        return workload.Refusals.IsEmpty
            ? speeds
            : speeds + "!" + string.Join(';', workload.Refusals.Select(refusal => $"{refusal.ChipClass}/{refusal.Kind}/{refusal.Detail}"));
    }

    private Shape Create(WorkloadState workload)
    {
        var speeds = new int[state.Chips.Length];
        var refusals = new ClassRefusal?[state.Chips.Length];
        foreach (var speed in workload.Speeds)
        {
            if (state.ChipNumber(speed.ChipClass) is var chip and >= 0)
            {
                speeds[chip] = speed.Millionths;
            }
        }

        foreach (var refusal in workload.Refusals)
        {
            for (var c = 0; c < speeds.Length; c++)
            {
                if (refusal.ChipClass is null || string.Equals(refusal.ChipClass, state.Chips[c], StringComparison.Ordinal))
                {
                    refusals[c] ??= refusal;
                }
            }
        }

        var shape = new Shape(state.Tree.LeafOf(workload.Unit), workload, speeds, refusals);
        Reach.Find(state, shape);
        return shape;
    }

    private readonly record struct ShapeKey(
        string Unit, WorkloadKind Kind, int Members, int ElasticMin, long DevicesMilli, long MemoryMiB, long CpuMilli, long RamMiB,
        int Priority, bool Preemptible, bool Mixed, bool Resumable, bool Held, string Signature);
}
