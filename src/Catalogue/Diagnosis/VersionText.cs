using System.Globalization;
using System.Text.RegularExpressions;

namespace Amalgam.Catalogue.Diagnosis;

/// <summary>
/// Compares versions as programs print them: <c>0.11.0rc2</c>, <c>v2.4</c>, <c>b5640</c>, <c>26.0.rc2</c>. The runs of digits
/// count, from left to right; a pre-release (<c>rc</c>, <c>alpha</c>, <c>beta</c>, <c>dev</c>) comes before its release.
/// </summary>
public static partial class VersionText
{
    /// <summary>Less than zero when the left is older.</summary>
    public static int Compare(string left, string right)
    {
        var (leftNumbers, leftPre) = Split(left);
        var (rightNumbers, rightPre) = Split(right);
        for (var place = 0; place < Math.Max(leftNumbers.Count, rightNumbers.Count); place++)
        {
            var order = At(leftNumbers, place).CompareTo(At(rightNumbers, place));
            if (order != 0)
            {
                return order;
            }
        }
        return (leftPre ?? int.MaxValue).CompareTo(rightPre ?? int.MaxValue);
    }

    private static (List<long> Numbers, int? PreRelease) Split(string version)
    {
        var marker = PreRelease().Match(version);
        var core = marker.Success ? version[..marker.Index] : version;
        // What follows a plus sign names a build, not a version.
        core = core.Split('+')[0];
        var numbers = Digits().Matches(core).Select(run => long.Parse(run.Value, CultureInfo.InvariantCulture)).ToList();
        return (numbers, marker.Success ? int.TryParse(marker.Groups[1].Value, out var number) ? number : 0 : null);
    }

    private static long At(List<long> numbers, int place) => place < numbers.Count ? numbers[place] : 0;

    [GeneratedRegex(@"[0-9]{1,18}")]
    private static partial Regex Digits();

    [GeneratedRegex(@"[.\-]?(?:rc|alpha|beta|dev|pre)\.?([0-9]{0,8})", RegexOptions.IgnoreCase)]
    private static partial Regex PreRelease();
}
