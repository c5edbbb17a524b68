using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Pages.Words;

namespace Amalgam.Pages.Frame;

/// <summary>Who looks, in which language and light. Everything a view may know beside what it shows.</summary>
public sealed record Look
{
    /// <summary>Null before signing in.</summary>
    public WhoAmI? Who { get; init; }

    public required WordList Words { get; init; }

    /// <summary>light, dark, or auto: as the system has it.</summary>
    public required string Theme { get; init; }

    /// <summary>Path and query of this page.</summary>
    public required string Place { get; init; }

    public required string Path { get; init; }

    public required string Seal { get; init; }

    public required string Version { get; init; }

    /// <summary>What was just done, told once.</summary>
    public string? Done { get; init; }

    public string Currency { get; init; } = "";

    public bool MaySteer => Who?.Role is "operator" or "owner";

    public bool MayOwn => Who?.Role is "owner";

    public bool MayUse => Who is not null && Who.Role != "auditor";

    public string T(string text) => Words[text];

    public string T(string text, params object?[] values) => string.Format(CultureInfo.InvariantCulture, Words[text], values);

    /// <summary>1234.5 as `1,234.5` or `1.234,5`.</summary>
    public string N(decimal number, string format = "#,##0.###") => number.ToString(format, Words.Numbers);

    /// <summary>Decimal text of the API, shortened to four places for the eye; the exact text stands in the title.</summary>
    public string Money(string? exact)
    {
        if (exact is null || !decimal.TryParse(exact, NumberStyles.Number, CultureInfo.InvariantCulture, out var amount))
        {
            return exact ?? "–";
        }

        var small = amount != 0 && Math.Abs(amount) < 0.01m;
        return amount.ToString(small ? "0.######" : "#,##0.00", Words.Numbers);
    }

    public string When(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", Words.Dates);

    /// <summary>A length of time in its largest unit.</summary>
    public string Long(TimeSpan time) => time switch
    {
        { TotalSeconds: < 60 } => T("under a minute"),
        { TotalMinutes: < 90 } => T("{0} min", (int)time.TotalMinutes),
        { TotalHours: < 36 } => T("{0} h", (int)time.TotalHours),
        _ => T("{0} days", (int)time.TotalDays),
    };

    public string Since(DateTimeOffset at) => Long(DateTimeOffset.UtcNow - at);
}
