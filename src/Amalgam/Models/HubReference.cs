using System.Text.RegularExpressions;
using Amalgam.Core;

namespace Amalgam.Hosting;

/// <summary>`hf:OWNER/REPO/FILE`, the file possibly in folders of the repository, with `@REVISION` after the repository where it is not the main branch.</summary>
internal sealed partial record HubReference(string Owner, string Repository, string Revision, string File)
{
    public const string Prefix = "hf:";

    public string Text => $"{Prefix}{Owner}/{Repository}{(Revision == "main" ? "" : "@" + Revision)}/{File}";

    /// <summary>Null when the text does not begin with `hf:`.</summary>
    public static Outcome<HubReference>? Parse(string text)
    {
        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var match = Pattern().Match(text);
        return !match.Success || text.Contains("..", StringComparison.Ordinal)
            ? new Refusal(RefusalCodes.Invalid, $"'{text}' is no model of a hub: write hf:OWNER/REPO/FILE.gguf, with @REVISION after REPO for another revision than main")
            : new HubReference(match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Success ? match.Groups[3].Value : "main", match.Groups[4].Value);
    }

    [GeneratedRegex(@"^hf:([A-Za-z0-9][\w.-]{0,95})/([A-Za-z0-9][\w.-]{0,95})(?:@([\w.-]{1,64}))?/((?:[\w. -]+/){0,8}[\w. -]+\.gguf)$", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
