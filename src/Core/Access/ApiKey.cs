namespace Amalgam.Core.Access;

/// <summary>A key as it is kept: never the secret, only its SHA-256 (the secret has 256 random bits, so a slow hash would add nothing).</summary>
public sealed record ApiKey
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Unit { get; init; }

    public required Role Role { get; init; }

    /// <summary>Lower-case hexadecimal SHA-256 of the whole key text.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The first characters, so that people can tell keys apart.</summary>
    public required string Prefix { get; init; }

    public required long CreatedMs { get; init; }

    public long? ExpiresMs { get; init; }

    public long? RevokedMs { get; init; }

    public bool IsValid(long nowMs) => RevokedMs is null && (ExpiresMs is null || nowMs < ExpiresMs);
}
