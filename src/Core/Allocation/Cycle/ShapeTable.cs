using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>Finds the shape of a workload, so that equal ones share it.</summary>
internal sealed class ShapeTable(PlanningState state)
{
    private readonly Dictionary<WorkloadState, Shape> _shapes = new(new SameShape());
    private readonly Dictionary<(MemberShape Member, int Minimum), Form> _forms = [];

    public List<Shape> All { get; } = [];

    public IReadOnlyCollection<Form> Forms => _forms.Values;

    /// <summary>Grows whenever other shapes than before are demand.</summary>
    public long Version { get; set; }

    /// <summary>How many say themselves how long they may be overtaken.</summary>
    public int WithPatience { get; private set; }

    public Shape Of(WorkloadState workload)
    {
        if (!_shapes.TryGetValue(workload, out var shape))
        {
            shape = Create(workload);
            shape.At = All.Count;
            Version++;
            _shapes.Add(workload, shape);
            All.Add(shape);
            WithPatience += workload.MaxWaitMs is null ? 0 : 1;
        }

        return shape;
    }

    /// <summary>Nobody has this shape any more.</summary>
    public void Forget(Shape shape)
    {
        _shapes.Remove(shape.Sample);
        WithPatience -= shape.Sample.MaxWaitMs is null ? 0 : 1;
        Version++;
        All[shape.At] = All[^1];
        All[shape.At].At = shape.At;
        All.RemoveAt(All.Count - 1);
    }

    /// <summary>Nodes were lost or came back: what can be placed is found anew.</summary>
    public void NodesChanged()
    {
        Version++;
        _forms.Clear();
        foreach (var shape in All)
        {
            Reach(shape);
        }
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
        Reach(shape);
        return shape;
    }

    private void Reach(Shape shape)
    {
        if (!_forms.TryGetValue((shape.Member, shape.Minimum), out var form))
        {
            form = new Form(state.Stocks, shape.Member, shape.Minimum, _forms.Count);
            _forms.Add((shape.Member, shape.Minimum), form);
        }

        shape.Reaches(form);
    }

    /// <summary>All that a cycle looks at but age, declared and attained work.</summary>
    private sealed class SameShape : IEqualityComparer<WorkloadState>
    {
        public bool Equals(WorkloadState? a, WorkloadState? b) => ReferenceEquals(a, b) || (a is not null && b is not null &&
            a.Members == b.Members && a.DevicesMilli == b.DevicesMilli && a.Priority == b.Priority && a.Kind == b.Kind && a.ElasticMin == b.ElasticMin &&
            a.MemoryMiB == b.MemoryMiB && a.CpuMilli == b.CpuMilli && a.RamMiB == b.RamMiB && a.MaxWaitMs == b.MaxWaitMs &&
            a.Preemptible == b.Preemptible && a.Mixed == b.Mixed && a.Resumable == b.Resumable && a.Held == b.Held &&
            string.Equals(a.Unit, b.Unit, StringComparison.Ordinal) &&
            (a.Speeds == b.Speeds || a.Speeds.AsSpan().SequenceEqual(b.Speeds.AsSpan())) &&
            (a.Refusals == b.Refusals || a.Refusals.AsSpan().SequenceEqual(b.Refusals.AsSpan())));

        public int GetHashCode(WorkloadState workload)
        {
            var hash = new HashCode();
            hash.Add(string.GetHashCode(workload.Unit, StringComparison.Ordinal));
            hash.Add(workload.Members);
            hash.Add(workload.DevicesMilli);
            hash.Add(workload.Priority);
            hash.Add(workload.MemoryMiB);
            hash.Add((workload.Preemptible ? 1 : 0) + (workload.Resumable ? 2 : 0) + (workload.Held ? 4 : 0) + (workload.Mixed ? 8 : 0));
            foreach (var speed in workload.Speeds)
            {
                hash.Add(speed.Millionths);
            }

            return hash.ToHashCode();
        }
    }
}
