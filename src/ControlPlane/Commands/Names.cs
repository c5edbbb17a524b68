using System.Text.RegularExpressions;
using Amalgam.Core;

namespace Amalgam.ControlPlane.Commands;

/// <summary>Names of units, workloads and keys.</summary>
public static partial class Names
{
    public static Refusal? Check(string what, string name) => Pattern().IsMatch(name)
        ? null
        : new Refusal(RefusalCodes.Invalid, $"'{Clip(name)}' is no name for a {what}: use letters, digits, '.', '_', '-', at most 63, beginning with a letter or digit");

    /// <summary>Fit to stand in one line: short, and without characters that a terminal would act on.</summary>
    public static string Clip(string text)
    {
        var shown = text.Length <= 80 ? text : text[..77] + "...";
        return shown.Any(char.IsControl) ? string.Concat(shown.Select(letter => char.IsControl(letter) ? $"\\u{(int)letter:X4}" : $"{letter}")) : shown;
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
