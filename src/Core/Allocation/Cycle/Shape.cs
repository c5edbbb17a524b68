using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>What makes workloads of one leaf equal in the eyes of a cycle. What one of them cannot do, none of them can.</summary>
internal sealed class Shape(int leaf, WorkloadState sample, int[] speeds, ClassRefusal?[] refusals)
{
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

    /// <summary>Demand: waiting and running ones that nobody holds back.</summary>
    public int Count { get; set; }

    /// <summary>Price of one device for this work, relative to the dearest class.</summary>
    public double Value { get; set; }

    /// <summary>Thousandths: 1000 on the classes where this work belongs at today's prices, less elsewhere, 0 where it cannot run.</summary>
    public int[] Efficiency { get; } = new int[speeds.Length];

    /// <summary>The pass in which one of them could not start; nobody tries the others again in it.</summary>
    public int FailedPass { get; set; } = -1;

    public bool MayUse(int chip) => Speeds[chip] > 0 && Refusals[chip] is null && Placeable[chip];

    public bool IsDemand
    {
        get
        {
            for (var c = 0; c < Speeds.Length; c++)
            {
                if (MayUse(c))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
