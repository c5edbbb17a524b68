namespace Amalgam.Core.Allocation.Targets;

/// <summary>Exact sharing of integers: no floating point, so equal on every machine.</summary>
public static class WaterFilling
{
    /// <summary>
    /// Gives everybody min(floor, cap), then fills what is left by weight on top of that, each capped.
    /// Where the floors alone exceed the amount they are scaled pro rata. Remainders go to the largest fraction, then to the first.
    /// </summary>
    /// <param name="amount">Milli-devices to share.</param>
    /// <param name="weights">In millionths; 0 = nothing beyond the floor.</param>
    /// <returns>Milli-devices per participant; sums to min(amount, what they can take).</returns>
    public static long[] Fill(long amount, ReadOnlySpan<long> floors, ReadOnlySpan<long> caps, ReadOnlySpan<long> weights)
    {
        var given = new long[floors.Length];
        long total = 0;
        for (var i = 0; i < given.Length; i++)
        {
            given[i] = Math.Min(floors[i], caps[i]);
            total += given[i];
        }
        if (total > amount)
        {
            return ProRata(amount, given);
        }
        FillRest(amount - total, given, caps, weights);
        return given;
    }

    /// <summary>Shares <paramref name="amount"/> in proportion to <paramref name="claims"/>, never above a claim.</summary>
    public static long[] ProRata(long amount, ReadOnlySpan<long> claims)
    {
        var given = new long[claims.Length];
        Span<long> caps = claims.ToArray();
        FillRest(amount, given, caps, claims);
        return given;
    }

    private static void FillRest(long rest, long[] given, ReadOnlySpan<long> caps, ReadOnlySpan<long> weights)
    {
        var order = BySaturation(given, caps, weights);
        Int128 weight = 0;
        foreach (var i in order)
        {
            weight += weights[i];
        }
        var next = 0;
        for (; next < order.Count; next++)
        {
            // The level is rest / weight; whoever wants less than the level gives the remainder to the others.
            var i = order[next];
            var room = caps[i] - given[i];
            if ((Int128)room * weight > (Int128)rest * weights[i])
            {
                break;
            }
            given[i] += room;
            rest -= room;
            weight -= weights[i];
        }
        Divide(rest, weight, order, next, given, weights);
    }

    private static List<int> BySaturation(long[] given, ReadOnlySpan<long> caps, ReadOnlySpan<long> weights)
    {
        var entries = new List<(int Index, long Room, long Weight)>();
        for (var i = 0; i < given.Length; i++)
        {
            if (weights[i] > 0 && caps[i] > given[i])
            {
                entries.Add((i, caps[i] - given[i], weights[i]));
            }
        }
        entries.Sort((a, b) =>
        {
            var byLevel = ((Int128)a.Room * b.Weight).CompareTo((Int128)b.Room * a.Weight);
            return byLevel != 0 ? byLevel : a.Index.CompareTo(b.Index);
        });
        return entries.ConvertAll(e => e.Index);
    }

    private static void Divide(long rest, Int128 weight, List<int> order, int next, long[] given, ReadOnlySpan<long> weights)
    {
        if (next == order.Count || rest == 0)
        {
            return;
        }
        var fractions = new List<(Int128 Fraction, int Index)>();
        var left = rest;
        for (var k = next; k < order.Count; k++)
        {
            var exact = (Int128)rest * weights[order[k]];
            var whole = (long)(exact / weight);
            given[order[k]] += whole;
            left -= whole;
            fractions.Add((exact % weight, order[k]));
        }
        fractions.Sort((a, b) => a.Fraction != b.Fraction ? b.Fraction.CompareTo(a.Fraction) : a.Index.CompareTo(b.Index));
        for (var k = 0; k < left; k++)
        {
            given[fractions[k].Index]++;
        }
    }
}
