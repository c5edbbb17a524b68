namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// The market where nothing is scarce: every row runs on a class where it is fastest and all of it fits. Then no device has a price, nobody
/// could do more, and no programme needs to be solved.
/// </summary>
internal static class Plenty
{
    /// <summary>The optimum, or null where some class is too small for those who are fastest there.</summary>
    /// <param name="programme">As posed, without bounds.</param>
    public static NashPoint? Serve(NashProgramme programme)
    {
        var left = programme.Capacity.Take(programme.Classes).ToArray();
        var devices = new double[programme.Rows * programme.Classes];
        var fastest = Enumerable.Range(0, programme.Rows).ToLookup(row => Fastest(programme, row));
        // Who has no choice first; who has one takes from each class in proportion to what is left there.
        foreach (var rows in fastest.OrderBy(rows => ulong.PopCount(rows.Key)).ThenBy(rows => rows.Key))
        {
            var classes = Enumerable.Range(0, programme.Classes).Where(c => (rows.Key & (1UL << c)) != 0).ToArray();
            var (asked, there) = (rows.Sum(row => programme.Demand[row]), classes.Sum(c => left[c]));
            if (classes.Length == 0 || asked > there || there <= 0)
            {
                return null;
            }

            foreach (var c in classes)
            {
                var part = left[c] / there;
                foreach (var row in rows)
                {
                    devices[(row * programme.Classes) + c] = programme.Demand[row] * part;
                }

                left[c] -= asked * part;
            }
        }

        return Point(programme, devices);
    }

    private static ulong Fastest(NashProgramme programme, int row)
    {
        var speeds = programme.Speed.AsSpan(row * programme.Classes, programme.Classes);
        var (best, set) = (0.0, 0UL);
        for (var c = 0; c < speeds.Length && speeds.Length <= 64; c++)
        {
            if (speeds[c] > best)
            {
                (best, set) = (speeds[c], 0);
            }

            set |= speeds[c] == best && best > 0 ? 1UL << c : 0;
        }

        return set;
    }

    // Where capacity costs nothing the whole worth of a row's work is rent of its own demand.
    private static NashPoint? Point(NashProgramme programme, double[] devices)
    {
        var (value, rent) = (new double[programme.Units], new double[programme.Rows]);
        for (var unit = 0; unit < programme.Units; unit++)
        {
            var gain = programme.Work(unit, devices) - programme.Alone[unit];
            if (gain <= 0)
            {
                return null;
            }

            value[unit] = programme.Weight[unit] / gain;
            for (var row = programme.FirstRow[unit]; row < programme.FirstRow[unit + 1]; row++)
            {
                rent[row] = value[unit] * programme.Speed.AsSpan(row * programme.Classes, programme.Classes).ToArray().Max();
            }
        }

        return new NashPoint(devices, new double[programme.Capacity.Count], value, rent, 0, true);
    }
}
