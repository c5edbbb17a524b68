using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Local;

/// <summary>What the host tells the engine of this machine.</summary>
public sealed record LocalEngineOptions
{
    /// <summary>Holds `members/LEASE` (what runs or has ended) and `logs/WORKLOAD/LEASE` (what was forgotten, with its output).</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The chips of this machine as the catalogue detects them; called at every inventory.</summary>
    public required Func<IReadOnlyList<NodeObservation>> Nodes { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Bytes kept of each of a member's two streams: the first quarter and the last three quarters of this.</summary>
    public long LogBytesPerStream { get; init; } = 32L << 20;

    /// <summary>Bytes kept of the output of all forgotten members together; beyond it the oldest goes first.</summary>
    public long KeptLogBytes { get; init; } = 4L << 30;

    /// <summary>
    /// Variables of the cloud's own environment that members inherit. A list of what may pass, not of what may not: the cloud's environment
    /// can hold keys, and members belong to other people.
    /// </summary>
    public IReadOnlyList<string> InheritedVariables { get; init; } =
    [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DOTNET_ROOT",
        "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "CUDA_HOME", "CUDA_PATH", "ROCM_PATH", "ASCEND_HOME_PATH", "ASCEND_TOOLKIT_HOME", "HF_HOME", "HF_ENDPOINT",
    ];
}
