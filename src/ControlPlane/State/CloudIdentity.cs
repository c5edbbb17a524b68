namespace Amalgam.ControlPlane.State;

/// <summary>What this process is.</summary>
public sealed record CloudIdentity(string Version, string Address, DateTimeOffset StartedAt);
