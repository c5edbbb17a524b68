namespace Amalgam.Core.Allocation.Order;

/// <summary>
/// Who comes first inside a unit: the least expected remaining spend, shrunk for those that have been stretched. Measured against
/// alternatives in the traces of Gavel, Philly and Shockwave; the constants are flat around these values.
/// </summary>
public static class SpendOrder
{
    /// <summary>Attained work says nothing yet below this.</summary>
    public const long FirstMs = 360_000;

    /// <summary>A workload ready to be ordered.</summary>
    /// <param name="Value">Price of one device for this work, relative to the dearest class; 0 = nothing is scarce.</param>
    /// <param name="GangMilli">Milli-devices that it takes.</param>
    /// <param name="DeclaredMs">What the user says it takes at speed 1; null = not said.</param>
    /// <param name="AttainedMs">Work done so far at speed 1.</param>
    /// <param name="AgeMs">Since it was submitted.</param>
    public readonly record struct Candidate(
        double Value, long GangMilli, long? DeclaredMs, long AttainedMs, long AgeMs, bool Running);

    /// <summary>
    /// Small goes first: spend = value x gang x rest / stretch^2, half of it for what runs already. A declared workload that takes
    /// longer than <paramref name="drainMs"/>, the time that all work needs when spread evenly over all devices, goes before
    /// everything else, the longest first, since it alone decides when the pool is empty.
    /// </summary>
    /// <returns>An integer, so that equal means equal everywhere; only basic arithmetic is used on the way.</returns>
    public static long Key(in Candidate candidate, long drainMs)
    {
        var rest = RestMs(candidate.DeclaredMs, candidate.AttainedMs);
        if (candidate.DeclaredMs is not null && rest >= drainMs)
        {
            return -rest;
        }

        var stretch = (double)(candidate.AgeMs + rest + FirstMs) / (candidate.AttainedMs + rest + FirstMs);
        var spend = candidate.Value * candidate.GangMilli * rest / (stretch * stretch);
        return (long)Math.Min(Math.Round(candidate.Running ? spend / 2 : spend), 1e18);
    }

    /// <summary>Expected rest at speed 1: what was declared, or as much again as was attained.</summary>
    public static long RestMs(long? declaredMs, long attainedMs) => declaredMs is { } declared
        ? Math.Max(declared - attainedMs, 0)
        : attainedMs + FirstMs;
}
