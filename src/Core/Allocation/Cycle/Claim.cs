namespace Amalgam.Core.Allocation.Cycle;

/// <summary>By what right a request may end the leases of others.</summary>
internal enum ClaimKind
{
    /// <summary>The unit stays within its target; units above theirs give way, down to the target.</summary>
    Target,

    /// <summary>The unit delivers less than its guarantee; others give way, down to their own guarantee.</summary>
    Guarantee,

    /// <summary>The same, from leases that are younger than their minimum runtime.</summary>
    GuaranteeShielded,

    /// <summary>Higher priority in the same unit.</summary>
    Priority,

    /// <summary>First in the order of the same unit, and the lease term of the others is over.</summary>
    Term,
}
