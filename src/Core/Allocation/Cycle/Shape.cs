using System.Collections.Immutable;
using Amalgam.Core.Allocation.Stock;
using Amalgam.Core.Allocation.Targets;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>What makes workloads of one leaf equal in the eyes of a cycle. What one of them cannot do, none of them can.</summary>
internal sealed class Shape(int leaf, WorkloadState sample, int[] speeds, ClassRefusal?[] refusals)
{
    private readonly bool[] _mayUse = new bool[speeds.Length];
    private Dictionary<(long Declared, long Attained), Row>? _rows;
    private Row? _row;
    private int _count;
    private TargetRow? _demand;
    private ImmutableArray<double> _speedsOfDemand;

    public int Leaf { get; } = leaf;

    /// <summary>Any one of them, for what all have in common.</summary>
    public WorkloadState Sample { get; } = sample;

    public MemberShape Member { get; } = MemberShape.Of(sample);

    public int Members { get; } = sample.Members;

    /// <summary>The fewest members that it runs with.</summary>
    public int Minimum { get; } = sample.Kind == WorkloadKind.Service
        ? Math.Min(1, sample.Members)
        : Math.Min(sample.ElasticMin ?? sample.Members, sample.Members);

    /// <summary>Millionths, by class number; 0 = cannot run there.</summary>
    public int[] Speeds { get; } = speeds;

    /// <summary>What policy or budget says against a class, or null.</summary>
    public ClassRefusal?[] Refusals { get; } = refusals;

    public bool IsService => Sample.Kind == WorkloadKind.Service;

    public bool Preemptible => Sample.Preemptible;

    public int Priority => Sample.Priority;

    public long MinimumMilli => Member.Milli * Minimum;

    public long FullMilli => Member.Milli * Members;

    /// <summary>Whether an empty, healthy cluster could hold the minimum on this class.</summary>
    public bool[] Placeable { get; } = new bool[speeds.Length];

    /// <summary>The same with every node back that is lost now.</summary>
    public bool[] PlaceableEver { get; } = new bool[speeds.Length];

    public Form Form { get; private set; } = null!;

    /// <summary>Demand: waiting and running ones that nobody holds back.</summary>
    public int Count
    {
        get => _count;
        set
        {
            _count = value;
            _demand = null;
        }
    }

    /// <summary>Workloads of this shape, whatever becomes of them.</summary>
    public int Users { get; set; }

    /// <summary>Those of them that hold nothing.</summary>
    public int Waiting { get; set; }

    /// <summary>Its row among all demand; -1 = it is none.</summary>
    public int DemandAt { get; set; } = -1;

    /// <summary>Position in the table.</summary>
    public int At { get; set; }

    /// <summary>The same as the solver of targets sees it.</summary>
    public TargetRow Demand => _demand ??= new TargetRow(Leaf, _speedsOfDemand, FullMilli * Count, Count, MinimumMilli);

    /// <summary>The answer that <see cref="Value"/> and <see cref="Efficiency"/> were taken from.</summary>
    public RowPrice? Price { get; set; }

    /// <summary>Price of one device for this work, relative to the dearest class.</summary>
    public double Value { get; set; }

    /// <summary>Thousandths: 1000 on the classes where this work belongs at today's prices, less elsewhere, 0 where it cannot run.</summary>
    public int[] Efficiency { get; } = new int[speeds.Length];

    /// <summary>The pass in which one of them could not start; nobody tries the others again in it.</summary>
    public int FailedPass { get; set; } = -1;

    /// <summary>What differs in nothing but age. Most shapes have one row.</summary>
    public Row RowOf(WorkloadState workload)
    {
        var (declared, attained) = (workload.DeclaredMs, workload.AttainedMs);
        if (_row is { } last && last.DeclaredMs == declared && last.AttainedMs == attained)
        {
            return last;
        }

        _rows ??= _row is { } first ? new() { [(first.DeclaredMs ?? -1, first.AttainedMs)] = first } : [];
        if (!_rows.TryGetValue((declared ?? -1, attained), out var row))
        {
            row = new Row(this, declared, attained);
            _rows.Add((declared ?? -1, attained), row);
        }

        return _row = row;
    }

    public void Forget(Row row)
    {
        _rows?.Remove((row.DeclaredMs ?? -1, row.AttainedMs));
        _row = _row == row ? null : _row;
    }

    /// <summary>Stock was lost or came back, or the shape is new.</summary>
    public void Reaches(Form form)
    {
        Form = form;
        for (var c = 0; c < Speeds.Length; c++)
        {
            Placeable[c] = Speeds[c] > 0 && (Sample.Mixed ? form.Now[c] > 0 : form.Now[c] >= Minimum);
            PlaceableEver[c] = Speeds[c] > 0 && (Sample.Mixed ? form.Ever[c] > 0 : form.Ever[c] >= Minimum);
        }

        if (Sample.Mixed && Together(form.Now) < Minimum)
        {
            Array.Clear(Placeable);
        }

        if (Sample.Mixed && Together(form.Ever) < Minimum)
        {
            Array.Clear(PlaceableEver);
        }

        for (var c = 0; c < Speeds.Length; c++)
        {
            _mayUse[c] = Speeds[c] > 0 && Refusals[c] is null && Placeable[c];
        }

        IsDemand = Array.IndexOf(_mayUse, true) >= 0;
        _speedsOfDemand = [.. Speeds.Select((speed, c) => MayUse(c) ? speed / 1e6 : 0)];
        _demand = null;
    }

    private long Together(long[] copies)
    {
        long together = 0;
        for (var c = 0; c < copies.Length; c++)
        {
            together += Speeds[c] > 0 ? copies[c] : 0;
        }

        return together;
    }

    /// <summary>
    /// A budget that has run out ends what it pays for; an admission rule concerns new use only, and what cannot be preempted ends by itself.
    /// </summary>
    public bool MustLeave(int chip) => Preemptible && Refusals[chip] is { Kind: RefusalKind.Budget };

    public bool MayUse(int chip) => _mayUse[chip];

    /// <summary>Whether there is a class that it may use at all.</summary>
    public bool IsDemand { get; private set; }
}
