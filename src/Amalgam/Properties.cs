using System.Runtime.Versioning;

// File modes, signals and process groups: Linux and macOS.
[assembly: UnsupportedOSPlatform("windows")]
