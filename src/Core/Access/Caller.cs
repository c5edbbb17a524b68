namespace Amalgam.Core.Access;

/// <summary>What a key may do in its unit's subtree. Each role may do all that stands before it, except that an auditor only reads.</summary>
public enum Role
{
    /// <summary>Reads everything in the subtree, the journal included; changes nothing and uses nothing.</summary>
    Auditor,

    /// <summary>Uses models, submits and steers workloads.</summary>
    Developer,

    /// <summary>Also steers others' workloads and makes keys up to operator.</summary>
    Operator,

    /// <summary>Also changes units, prices and contracts, and makes any key.</summary>
    Owner,
}

/// <summary>An authenticated key. <paramref name="Unit"/> is the root of the subtree that it sees.</summary>
public sealed record Caller(string KeyId, string Unit, Role Role)
{
    public bool MayUse => Role != Role.Auditor;
}
