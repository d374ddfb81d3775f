//! Cards by the systems' graphics APIs, which the crate `wgpu` reaches.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use burn::cubecl::future::block_on;
use burn::tensor::wgpu::WgpuBackend;
use burn::tensor::wgpu::wgpu::{
    Adapter, AdapterInfo, Backends, DeviceType, Instance, InstanceDescriptor,
};
use burn::tensor::{Device, DeviceKind};

use super::card::{Api, Card, DeviceError, Kind};

/// The cards that are open, by name: Burn opens one once a process. Drivers are asked for nothing without this
/// lock, as Vulkan's loader crashes when instances come and go on several threads.
fn open_cards() -> MutexGuard<'static, HashMap<String, Device>> {
    static OPEN: LazyLock<Mutex<HashMap<String, Device>>> = LazyLock::new(Mutex::default);
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The cards of an API that Burn can open: of several software drivers it opens the first, and none that
/// says nothing of its kind.
///
/// OpenGL is no API of ours: its drivers without a card compute in silence where there is no Vulkan.
pub(super) fn cards(api: Api) -> Vec<Card> {
    let mut of_kind: HashMap<DeviceType, usize> = HashMap::new();
    let infos = infos(backends(api)).into_iter().enumerate();
    let cards = infos.filter_map(|(index, info)| {
        let place = of_kind.entry(info.device_type).or_default();
        let of_its_kind = *place;
        *place += 1;
        let kind = kind(info.device_type)?;
        let driver = [info.driver, info.driver_info].join(" ").trim().to_owned();
        Some(Card { api, index, name: info.name, driver, kind, of_its_kind })
    });
    cards.filter(|card| card.kind != Kind::Software || card.of_its_kind == 0).collect()
}

/// What the drivers of an API say of their cards.
fn infos(backends: Backends) -> Vec<AdapterInfo> {
    let _drivers = open_cards();
    let instance = Instance::new(InstanceDescriptor {
        backends,
        ..InstanceDescriptor::new_without_display_handle()
    });
    let adapters = block_on(instance.enumerate_adapters(backends));
    adapters.iter().map(Adapter::get_info).collect()
}

fn backends(api: Api) -> Backends {
    match api {
        Api::Vulkan => Backends::VULKAN,
        Api::Metal => Backends::METAL,
        Api::Dx12 => Backends::DX12,
        Api::Cuda => Backends::empty(),
    }
}

fn kind(device_type: DeviceType) -> Option<Kind> {
    match device_type {
        DeviceType::DiscreteGpu => Some(Kind::Discrete),
        DeviceType::IntegratedGpu => Some(Kind::Integrated),
        DeviceType::VirtualGpu => Some(Kind::Virtual),
        DeviceType::Cpu => Some(Kind::Software),
        DeviceType::Other => None,
    }
}

/// Opens a card by its API, never by another one.
pub(super) fn open(card: &Card) -> Result<Device, DeviceError> {
    let mut open = open_cards();
    if let Some(device) = open.get(&card.to_string()) {
        return Ok(device.clone());
    }
    let api = match card.api {
        Api::Vulkan => WgpuBackend::Vulkan,
        Api::Metal => WgpuBackend::Metal,
        Api::Dx12 => WgpuBackend::Dx12,
        Api::Cuda => unreachable!("not a graphics API"),
    };
    let kind = match card.kind {
        Kind::Discrete => DeviceKind::DiscreteGpu(card.of_its_kind),
        Kind::Integrated => DeviceKind::IntegratedGpu(card.of_its_kind),
        Kind::Virtual => DeviceKind::VirtualGpu(card.of_its_kind),
        Kind::Software => DeviceKind::Cpu,
    };
    let device = Device::wgpu_options().graphics_api(api).device_kind(kind).init();
    let device =
        device.map_err(|error| DeviceError { card: card.clone(), reason: error.to_string() })?;
    open.insert(card.to_string(), device.clone());
    Ok(device)
}
