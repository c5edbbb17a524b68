namespace Amalgam.Core.Ledger.Sharing;

/// <summary>
/// Shares of a whole in integers that add up to it: each gets its part rounded down, what is left goes to the largest remainders (Hamilton's method), the first ones where
/// they are equal.
/// </summary>
public static class LargestRemainder
{
    /// <param name="whole">Not negative.</param>
    /// <param name="weights">Not negative; where all are 0 nothing is shared out and the answer is all zeros.</param>
    public static long[] Split(long whole, IReadOnlyList<long> weights)
    {
        var sum = weights.Aggregate((Int128)0, (total, weight) => total + weight);
        var shares = new long[weights.Count];
        if (sum == 0 || whole == 0)
        {
            return shares;
        }

        var remainders = new (Int128 Left, int At)[weights.Count];
        var rest = whole;
        for (var at = 0; at < shares.Length; at++)
        {
            var (share, left) = Int128.DivRem((Int128)whole * weights[at], sum);
            shares[at] = (long)share;
            remainders[at] = (left, at);
            rest -= shares[at];
        }

        Array.Sort(remainders, (one, other) => one.Left != other.Left ? other.Left.CompareTo(one.Left) : one.At.CompareTo(other.At));
        for (var at = 0; at < rest; at++)
        {
            shares[remainders[at].At]++;
        }

        return shares;
    }
}
