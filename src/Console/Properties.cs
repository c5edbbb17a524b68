using System.Runtime.Versioning;

// File modes: Linux and macOS.
[assembly: UnsupportedOSPlatform("windows")]
