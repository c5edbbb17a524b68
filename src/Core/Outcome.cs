namespace Amalgam.Core;

/// <summary>
/// The caller asked for what cannot be. <paramref name="Code"/> comes from <see cref="RefusalCodes"/>, which only grows; <paramref name="Message"/> is one line: what, why, and what to do.
/// </summary>
public sealed record Refusal(string Code, string Message);

/// <summary>Append-only list of refusal codes; `docs/errors.md` explains each.</summary>
public static class RefusalCodes
{
    public const string Invalid = "invalid";
    public const string NotFound = "not-found";
    public const string Forbidden = "forbidden";
    public const string Conflict = "conflict";
    public const string TooLarge = "too-large";
    public const string Unavailable = "unavailable";
    public const string Admission = "admission";
}

/// <summary>A value, or why there is none.</summary>
public readonly record struct Outcome<T>(T? Value, Refusal? Refusal)
{
    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(Refusal refusal) => new(default, refusal);
}
