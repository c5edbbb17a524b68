using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;

namespace Amalgam.ControlPlane.Commands;

/// <summary>A key sees and steers its unit's subtree and nothing else. What it may not see is refused as if it did not exist.</summary>
public static class Permission
{
    /// <summary>Null when the caller has at least this role and the unit is in its subtree.</summary>
    public static Refusal? Check(CloudState state, Caller caller, Role atLeast, string? unit = null)
    {
        if (unit is not null && (state.Units.Find(unit) is null || !state.Units.IsWithin(unit, caller.Unit)))
        {
            return NoUnit(state, caller, unit);
        }

        return caller.Role >= atLeast
            ? null
            : new Refusal(RefusalCodes.Forbidden, $"this needs the role {Name(atLeast)} or higher; the key {caller.KeyId} has the role {Name(caller.Role)}");
    }

    public static Refusal NoUnit(CloudState state, Caller caller, string unit)
    {
        var known = state.Units.Subtree(caller.Unit).Select(item => item.Unit.Name).Take(12).ToList();
        return new Refusal(RefusalCodes.NotFound, $"there is no unit '{unit}' here: your key sees {string.Join(", ", known)}");
    }

    public static bool Sees(CloudState state, Caller caller, string unit) => state.Units.IsWithin(unit, caller.Unit);

    public static string Name(Role role) => role.ToString().ToLowerInvariant();

    public static Role? Parse(string role) => Enum.TryParse<Role>(role, ignoreCase: true, out var parsed) && Enum.IsDefined(parsed) && !char.IsDigit(role[0]) ? parsed : null;
}
