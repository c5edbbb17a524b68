namespace Amalgam.Core.Allocation.Targets;

/// <summary>D: the most work a leaf could do with its guaranteed devices only, and where it would do it.</summary>
internal static class GuaranteedWork
{
    /// <returns>Work in device-speeds, and devices per class of the market that it takes.</returns>
    public static (double Work, double[] Devices) Of(LeafDemand leaf)
    {
        var own = Enumerable.Range(0, leaf.Guaranteed.Length)
            .Where(c => leaf.Guaranteed[c] > 0 && leaf.Speeds.Any(s => s[c] > 0)).ToArray();
        return own.Length switch
        {
            0 => (0, new double[leaf.Guaranteed.Length]),
            1 => OnOneClass(leaf, own[0]),
            _ => OnSeveral(leaf, own),
        };
    }

    // The fastest rows first is the optimum when there is nothing to choose.
    private static (double, double[]) OnOneClass(LeafDemand leaf, int chip)
    {
        var left = leaf.Guaranteed[chip];
        double work = 0;
        foreach (var r in Enumerable.Range(0, leaf.Demand.Count).OrderByDescending(r => leaf.Speeds[r][chip]))
        {
            var taken = leaf.Speeds[r][chip] > 0 ? Math.Min(left, leaf.Demand[r]) : 0;
            work += taken * leaf.Speeds[r][chip];
            left -= taken;
        }
        var devices = new double[leaf.Guaranteed.Length];
        devices[chip] = leaf.Guaranteed[chip] - left;
        return (work, devices);
    }

    private static (double, double[]) OnSeveral(LeafDemand leaf, int[] own)
    {
        var rows = Enumerable.Range(0, leaf.Demand.Count).Where(r => own.Any(c => leaf.Speeds[r][c] > 0)).ToArray();
        var programme = new NashProgramme(own.Length, 1, rows.Length) { Linear = true };
        programme.FirstRow[1] = rows.Length;
        programme.Weight[0] = 1;
        programme.Capacity.AddRange(own.Select(c => leaf.Guaranteed[c]));
        for (var r = 0; r < rows.Length; r++)
        {
            programme.Demand[r] = leaf.Demand[rows[r]];
            for (var k = 0; k < own.Length; k++)
            {
                // At equal speed the firm devices are the ones to count on.
                var preference = leaf.Firm[own[k]] > 0 ? 1.0001 : 1.0;
                programme.Speed[r * own.Length + k] = leaf.Speeds[rows[r]][own[k]] * preference;
            }
        }
        var point = InteriorPoint.Solve(programme, 1e-8);
        var devices = new double[leaf.Guaranteed.Length];
        double work = 0;
        for (var at = 0; at < point.Devices.Length; at++)
        {
            devices[own[at % own.Length]] += point.Devices[at];
            work += point.Devices[at] * leaf.Speeds[rows[at / own.Length]][own[at % own.Length]];
        }
        return (work, devices);
    }
}
