using System.Collections.Immutable;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;

namespace Amalgam.ControlPlane.State;

/// <summary>How fast work of one class would go on others when it is not known which work: from models measured on both, else from memory bandwidth, which bounds token generation.</summary>
public static class ExpectedSpeeds
{
    private const int Million = 1_000_000;

    /// <summary>Relative to <paramref name="chipClass"/> = 1 000 000; classes about which nothing is known are left out.</summary>
    public static ImmutableArray<ClassSpeed> Of(CloudState state, string chipClass, IEnumerable<string> others, ICatalogue catalogue)
    {
        ArgumentNullException.ThrowIfNull(state);
        var here = catalogue.Chip(chipClass)?.MemoryBandwidthGBps;
        return [.. others.Append(chipClass).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(other => (Other: other, Ratio: other == chipClass ? 1 : Measured(state, chipClass, other) ?? (here > 0 ? catalogue.Chip(other)?.MemoryBandwidthGBps / here : null)))
            .Where(item => item.Ratio > 0)
            .Select(item => new ClassSpeed(item.Other, (int)Math.Clamp(Math.Round(item.Ratio!.Value * Million), 1, int.MaxValue)))];
    }

    /// <summary>The mean ratio over all models measured on both.</summary>
    private static double? Measured(CloudState state, string chipClass, string other)
    {
        var ratios = state.Speeds.Where(speed => speed.ChipClass == other && speed.DecodeMilliTokensPerSecond > 0)
            .Select(speed => (There: speed.DecodeMilliTokensPerSecond, Here: state.Speed(speed.ModelKey, chipClass)?.DecodeMilliTokensPerSecond ?? 0))
            .Where(pair => pair.Here > 0).Select(pair => (double)pair.There / pair.Here).ToList();
        return ratios.Count == 0 ? null : ratios.Average();
    }
}
