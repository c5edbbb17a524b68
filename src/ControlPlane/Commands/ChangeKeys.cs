using System.Security.Cryptography;
using System.Text;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`key create | revoke`.</summary>
public static class ChangeKeys
{
    /// <summary>`amk_` and 256 random bits. Shown once; only its hash is kept.</summary>
    public static string NewSecret() => $"amk_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))}";

    public static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    public static ApiKey Make(CloudState state, string name, string unit, Role role, string secret, long nowMs, long? expiresMs) => new()
    {
        Id = $"k{state.NextKey}", Name = name, Unit = unit, Role = role, Sha256 = Hash(secret), Prefix = secret[..10], CreatedMs = nowMs, ExpiresMs = expiresMs,
    };

    public static Decision<ApiKey> Create(CloudState state, Caller caller, KeyRequest request, string secret, long nowMs)
    {
        var unit = request.Unit ?? caller.Unit;
        if (Permission.Parse(request.Role) is not { } role)
        {
            return new Refusal(RefusalCodes.Invalid, $"there is no role '{Names.Clip(request.Role)}': owner, operator, developer or auditor");
        }

        if (Permission.Check(state, caller, Role.Operator, unit) is { } refusal)
        {
            return refusal;
        }

        if (caller.Role < role)
        {
            return new Refusal(RefusalCodes.Forbidden, $"a key with the role {Permission.Name(caller.Role)} cannot make one with the role {Permission.Name(role)}");
        }

        if (request.ExpiresInDays is { } days && !(days is > 0 and <= 3650))
        {
            return new Refusal(RefusalCodes.Invalid, $"a key expires in more than 0 and at most 3650 days, not {days}");
        }

        if (request.Name is not null && Names.Check("key", request.Name) is { } bad)
        {
            return bad;
        }

        var expires = request.ExpiresInDays is { } life ? nowMs + (long)(life * 86_400_000) : (long?)null;
        var key = Make(state, request.Name ?? $"{Permission.Name(role)}-{state.NextKey}", unit, role, secret, nowMs, expires);
        return Decide.Yes(key, new KeyCreated(key));
    }

    public static Decision<string> Revoke(CloudState state, Caller caller, string id)
    {
        if (state.Key(id) is not { } key || !Permission.Sees(state, caller, key.Unit))
        {
            return new Refusal(RefusalCodes.NotFound, $"there is no key '{Names.Clip(id)}': `amalgam key list` shows them");
        }

        if (Permission.Check(state, caller, Role.Operator, key.Unit) is { } refusal)
        {
            return refusal;
        }

        if (caller.Role < key.Role)
        {
            return new Refusal(RefusalCodes.Forbidden, $"a key with the role {Permission.Name(caller.Role)} cannot revoke one with the role {Permission.Name(key.Role)}");
        }

        if (key.RevokedMs is not null)
        {
            return Decide.Yes(id);
        }

        var lastOwner = key.Role == Role.Owner && key.Unit == state.Units.Root.Name
            && !state.Keys.Any(other => other.Id != id && other.Role == Role.Owner && other.Unit == key.Unit && other.RevokedMs is null && other.ExpiresMs is null);
        return lastOwner
            ? new Refusal(RefusalCodes.Conflict, $"{id} is the last owner's key of {key.Unit} that does not expire: make another one first, or nobody could steer the cloud")
            : Decide.Yes(id, new KeyRevoked(id));
    }
}
