namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// A leaf inside one market (a set of chip classes that trade with each other): its rows, equal speeds merged, in an order that
/// depends on content only, so that names and the order of arrival change no rounding.
/// </summary>
internal sealed class LeafDemand
{
    private (double Work, double[] Devices)? _alone;

    public LeafDemand(UnitTree tree, int unit, int[] classes, long[][] guaranteed)
    {
        Unit = unit;
        Guaranteed = Array.ConvertAll(classes, c => guaranteed[unit][c] / 1000.0);
        Firm = Array.ConvertAll(classes, c => Math.Min(tree.Firm[unit][c], guaranteed[unit][c]) / 1000.0);
        Limit = Array.ConvertAll(classes, c => (double)tree.Problem.Units[unit].Limit(c));
        var rows = tree.RowsOf[unit].ConvertAll(r => (Speeds: Array.ConvertAll(classes, c => tree.Problem.Rows[r].Speeds[c]), tree.Problem.Rows[r].DemandMilli));
        rows.RemoveAll(static row => !Array.Exists(row.Speeds, static speed => speed > 0));
        rows.Sort(static (a, b) => a.Speeds.AsSpan().SequenceCompareTo(b.Speeds));
        long milli = 0;
        foreach (var (speeds, demandMilli) in rows)
        {
            if (Speeds.Count == 0 || !Speeds[^1].AsSpan().SequenceEqual(speeds))
            {
                milli = 0;
                Speeds.Add(speeds);
                Demand.Add(0);
            }

            milli += demandMilli;
            Demand[^1] = milli / 1000.0;
        }
    }

    public int Unit { get; }

    public List<double[]> Speeds { get; } = [];

    public List<double> Demand { get; } = [];

    /// <summary>Guaranteed devices per class of the market.</summary>
    public double[] Guaranteed { get; }

    public double[] Firm { get; }

    public double[] Limit { get; }

    /// <summary>Work alone and the devices that it takes.</summary>
    public (double Work, double[] Devices) Alone => _alone ??= GuaranteedWork.Of(this);

    /// <summary>By content, never by number.</summary>
    public static int Compare(LeafDemand a, double[] askedA, LeafDemand b, double[] askedB)
    {
        var order = a.Speeds.Count.CompareTo(b.Speeds.Count);
        for (var r = 0; r < a.Speeds.Count && order == 0; r++)
        {
            order = a.Speeds[r].AsSpan().SequenceCompareTo(b.Speeds[r]);
        }

        order = order != 0 ? order : askedA.AsSpan().SequenceCompareTo(askedB);
        order = order != 0 ? order : a.Guaranteed.AsSpan().SequenceCompareTo(b.Guaranteed);
        order = order != 0 ? order : a.Firm.AsSpan().SequenceCompareTo(b.Firm);
        return order != 0 ? order : a.Limit.AsSpan().SequenceCompareTo(b.Limit);
    }

    /// <summary>Whether a programme cannot tell them apart, the demand aside.</summary>
    public bool IsLike(LeafDemand other) => ReferenceEquals(this, other) || (Unit == other.Unit && Speeds.Count == other.Speeds.Count &&
        Speeds.Zip(other.Speeds).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)) &&
        Guaranteed.AsSpan().SequenceEqual(other.Guaranteed) && Firm.AsSpan().SequenceEqual(other.Firm) && Limit.AsSpan().SequenceEqual(other.Limit) &&
        Alone.Work.Equals(other.Alone.Work) && Alone.Devices.AsSpan().SequenceEqual(other.Alone.Devices));
}
