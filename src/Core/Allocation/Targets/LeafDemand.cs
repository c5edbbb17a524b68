namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// A leaf inside one market (a set of chip classes that trade with each other): its rows, equal speeds merged, in an order that
/// depends on content only, so that names and the order of arrival change no rounding.
/// </summary>
internal sealed class LeafDemand
{
    public LeafDemand(UnitTree tree, int unit, IReadOnlyList<int> classes, long[][] guaranteed)
    {
        Unit = unit;
        Guaranteed = [.. classes.Select(c => guaranteed[unit][c] / 1000.0)];
        Firm = [.. classes.Select(c => Math.Min(tree.Firm[unit][c], guaranteed[unit][c]) / 1000.0)];
        var groups = tree.RowsOf[unit]
            .Select(r => (Row: r, Speeds: classes.Select(c => tree.Problem.Rows[r].Speeds[c]).ToArray()))
            .Where(r => r.Speeds.Any(s => s > 0))
            .GroupBy(r => string.Join(' ', r.Speeds.Select(s => BitConverter.DoubleToInt64Bits(s).ToString("x16"))))
            .OrderBy(g => g.Key, StringComparer.Ordinal);
        foreach (var group in groups)
        {
            Members.Add([.. group.Select(r => r.Row)]);
            Speeds.Add(group.First().Speeds);
            Demand.Add(group.Sum(r => tree.Problem.Rows[r.Row].DemandMilli) / 1000.0);
            Key += $"{group.Key}:{group.Sum(r => tree.Problem.Rows[r.Row].DemandMilli)};";
        }
        Key += string.Join(',', classes.Select(c => $"{guaranteed[unit][c]}/{tree.Firm[unit][c]}/{tree.Problem.Units[unit].Limit(c)}"));
    }

    public int Unit { get; }

    /// <summary>Rows of the problem behind each merged row.</summary>
    public List<List<int>> Members { get; } = [];

    public List<double[]> Speeds { get; } = [];

    public List<double> Demand { get; } = [];

    /// <summary>Guaranteed devices per class of the market.</summary>
    public double[] Guaranteed { get; }

    public double[] Firm { get; }

    /// <summary>Content, for a canonical order.</summary>
    public string Key { get; } = "";

    public double MostWork => Speeds.Zip(Demand, (speeds, demand) => speeds.Max() * demand).Sum();
}
