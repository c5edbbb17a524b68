using System.Globalization;

namespace Amalgam.Catalogue.Estimates;

/// <summary>For what a ratio was learned.</summary>
public sealed record MemoryKey(string Model, string Runtime, string Class);

/// <summary>Used memory / estimated memory, as learned from replicas that ran.</summary>
public sealed record LearnedRatio(MemoryKey Key, double Ratio, int Observations);

/// <summary>An estimate after correction, and why it differs.</summary>
public sealed record CorrectedMemory(int PerDeviceMiB, double Factor, string Reason);

/// <summary>
/// What was learned about the estimates. Immutable: an observation gives a new value. The ratio rises at once to what was
/// seen, since an estimate that is too small kills replicas, and falls by a fifth of the difference at a time (an
/// exponentially weighted mean), since one that is too large only wastes room. It stays between half and three times, so
/// that one wrong reading can neither starve a model nor let it crowd out others.
/// </summary>
public sealed record MemoryCorrection(IReadOnlyList<LearnedRatio> Learned)
{
    public const double Least = 0.5;
    public const double Most = 3;
    public const double FallWeight = 0.2;

    public static readonly MemoryCorrection None = new([]);

    /// <summary>Takes one measurement in. Measurements of nothing (0 MiB, a device that does not tell) change nothing.</summary>
    /// <param name="key">What ran, and on what.</param>
    /// <param name="estimatedMiB">Per device, before correction.</param>
    /// <param name="observedMiB">The most that a device was seen to use.</param>
    public MemoryCorrection Observe(MemoryKey key, int estimatedMiB, int observedMiB)
    {
        if (estimatedMiB <= 0 || observedMiB <= 0)
        {
            return this;
        }
        var seen = Math.Clamp((double)observedMiB / estimatedMiB, Least, Most);
        var known = Find(key) ?? new LearnedRatio(key, 1, 0);
        var ratio = seen > known.Ratio ? seen : known.Ratio + (FallWeight * (seen - known.Ratio));
        var updated = new LearnedRatio(key, ratio, known.Observations + 1);
        return new MemoryCorrection([.. Learned.Where(other => other.Key != key), updated]);
    }

    /// <summary>The estimate times what was learned; unchanged where nothing was.</summary>
    public CorrectedMemory Apply(MemoryKey key, MemoryEstimate estimate)
    {
        if (Find(key) is not { } known)
        {
            return new CorrectedMemory(estimate.PerDeviceMiB, 1, $"{key.Model} was never seen with {key.Runtime} on {key.Class}; the estimate stands as it is");
        }
        var corrected = (int)Math.Min(Math.Ceiling(estimate.PerDeviceMiB * known.Ratio), int.MaxValue);
        var runs = known.Observations == 1 ? "1 run" : known.Observations + " runs";
        return new CorrectedMemory(corrected, known.Ratio, string.Create(CultureInfo.InvariantCulture,
            $"estimate x {known.Ratio:0.00}, learned from {runs} of {key.Model} with {key.Runtime} on {key.Class}"));
    }

    private LearnedRatio? Find(MemoryKey key) => Learned.FirstOrDefault(known => known.Key == key);
}
