namespace Amalgam.Core.Allocation.Laws;

/// <summary>What holds after every step; the statements are in docs/allocation.md.</summary>
public enum Law
{
    L1,
    L2,
    L3,
    L4,
    L4b,
    L5,
    L6,
    L7,
    L8,
    L9,
    L10,
    L11,
    L12,
}

/// <param name="Detail">One sentence: who or what breaks it.</param>
public sealed record LawViolation(Law Law, string Detail);
