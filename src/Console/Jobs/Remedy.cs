using System.Globalization;
using System.Text.RegularExpressions;
using Amalgam.Contracts;

namespace Amalgam.Pages.Jobs;

/// <summary>A smallest change that the API can make at once: a unit's limit of one class.</summary>
/// <param name="Devices">The new limit.</param>
public sealed partial record Remedy(string Unit, string ChipClass, decimal Devices)
{
    /// <summary>Null where somebody must do something that no call does: add a node, ask for less, wait.</summary>
    public static Remedy? Of(ExplainView? why)
    {
        if (why?.SmallestChange is null || Raise().Match(why.SmallestChange) is not { Success: true } raise || Limit().Match(why.Explanation) is not { Success: true } limit)
        {
            return null;
        }

        return new(raise.Groups[1].Value, limit.Groups[1].Value, decimal.Parse(raise.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"^Raise the limit of (\S+) to ([\d.]+) devices?\b")]
    private static partial Regex Raise();

    [GeneratedRegex(@"of its limit of [\d.]+ devices? of (\S+?)\.$")]
    private static partial Regex Limit();
}
