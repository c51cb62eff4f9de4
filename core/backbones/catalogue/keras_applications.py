"""The rows of the catalogue that Keras Applications builds and publishes weights for."""

from core.backbones.catalogue.backbone import (
    Backbone,
    Download,
    Preprocessing,
    Width,
)
from core.saying import later

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"


def _keras(
    name: str,
    function: str,
    title: str,
    family: str,
    description: str,
    *,
    files: tuple[str, str],
    checksums: tuple[str, str] | None = None,
    blocks: str,
    preprocessing: Preprocessing,
    licence: str,
    top1: float,
    size: int = 224,
    widths: tuple[Width, ...] = (),
) -> Backbone:
    """A network of Keras Applications; `files` without and with its 1000 classes."""
    weights, head = (
        Download(f"{_KERAS}/{file}", checksum)
        for file, checksum in zip(files, checksums or (None, None), strict=True)
    )
    return Backbone(
        name=name,
        title=title,
        family=family,
        description=description,
        builder=f"keras.applications.{function}",
        blocks_by=blocks,
        input_size=size,
        preprocessing=preprocessing,
        weights=weights,
        head=head,
        licence=licence,
        top1=top1,
        widths=widths,
    )


_RESNETS = {
    False: {
        50: later("50 layers with shortcuts between them. Strong, ten times the computation."),
        101: later("101 layers with shortcuts between them. Twenty times the computation."),
        152: later("152 layers with shortcuts between them. Thirty times the computation."),
    },
    True: {
        50: later("The second version of ResNet50. Strong, ten times the computation."),
        101: later("The second version of ResNet101. Twenty times the computation."),
        152: later("The second version of ResNet152. Thirty times the computation."),
    },
}
_EFFICIENTNETS = (
    later("From 2021, designed by a search for networks that learn fast. Accurate for its size."),
    later("EfficientNetV2-B0, slightly larger and more accurate."),
    later("EfficientNetV2-B0, larger and more accurate."),
    later("The most accurate EfficientNetV2 here."),
)


def _resnet(depth: int, version: str, top1: float, checksums: tuple[str, str]) -> Backbone:
    """Both generations of the deeper ResNets in Keras."""
    stem = f"resnet/resnet{depth}{version}_weights_tf_dim_ordering_tf_kernels"
    second = version == "v2"
    return _keras(
        f"resnet{depth}{version}",
        f"ResNet{depth}{version.upper()}",
        f"ResNet{depth}{version.upper()}",
        "ResNetV2" if second else "ResNet",
        _RESNETS[version == "v2"][depth],
        files=(f"{stem}_notop.h5", f"{stem}.h5"),
        checksums=checksums,
        blocks=r"(conv\d)_|(post)",
        preprocessing=Preprocessing.TF if second else Preprocessing.CAFFE,
        licence="BSD-3-Clause" if second else "MIT",
        top1=top1,
    )


def _efficientnet_v2(number: int, size: int, top1: float, checksums: tuple[str, str]) -> Backbone:
    return _keras(
        f"efficientnet_v2_b{number}",
        f"EfficientNetV2B{number}",
        f"EfficientNetV2-B{number}",
        "EfficientNetV2",
        _EFFICIENTNETS[number],
        files=(
            f"efficientnet_v2/efficientnetv2-b{number}_notop.h5",
            f"efficientnet_v2/efficientnetv2-b{number}.h5",
        ),
        checksums=checksums,
        blocks=r"(stem|block\d|top)",
        preprocessing=Preprocessing.INSIDE,
        licence="Apache-2.0",
        top1=top1,
        size=size,
    )  # fmt: skip


KERAS_APPLICATIONS = (
    _keras(
        "mobilenet",
        "MobileNet",
        "MobileNet",
        "MobileNet",
        later("The first network made for phones; many tutorials start with it."),
        files=(
            "mobilenet/mobilenet_1_0_224_tf_no_top.h5",
            "mobilenet/mobilenet_1_0_224_tf.h5",
        ),
        blocks=r"conv_(?:pad|dw|pw)_(\d+)",
        preprocessing=Preprocessing.TF,
        licence="Apache-2.0",
        top1=0.704,
        widths=(
            Width(0.25, 0.516, "2_5"), Width(0.5, 0.643, "5_0"),
            Width(0.75, 0.684, "7_5"), Width(1.0, 0.704, "1_0"),
        ),
    ),
    _keras(
        "mobilenet_v2",
        "MobileNetV2",
        "MobileNetV2",
        "MobileNetV2",
        later("The network behind Teachable Machine and many TensorFlow Hub tutorials."),
        files=(
            "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
            "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5",
        ),
        blocks=r"(expanded|block_\d+|Conv_1$)",
        preprocessing=Preprocessing.TF,
        licence="Apache-2.0",
        top1=0.713,
        widths=(
            Width(0.35, 0.601, "0.35"), Width(0.5, 0.652, "0.5"), Width(0.75, 0.695, "0.75"),
            Width(1.0, 0.713, "1.0"), Width(1.3, 0.747, "1.3"), Width(1.4, 0.752, "1.4"),
        ),
    ),
    _keras(
        "mobilenet_v3_small",
        "MobileNetV3Small",
        "MobileNetV3 Small",
        "MobileNetV3",
        later(
            "The fastest one here: for small computers and for a first try with "
            "thousands of pictures."
        ),
        files=(
            "mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
            "mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float.h5",
        ),
        checksums=("md5:d3e8ec802a04aa4fc771ee12a9a9b836", "md5:8768d4c2e7dee89b9d02b2d03d65d862"),
        blocks=r"(expanded_conv(?:_\d+)?|conv_1)",
        preprocessing=Preprocessing.INSIDE,
        licence="Apache-2.0",
        top1=0.681,
    ),
    _keras(
        "mobilenet_v3_large",
        "MobileNetV3Large",
        "MobileNetV3 Large",
        "MobileNetV3",
        later(
            "The third network for phones, partly designed by a computer: accurate "
            "for its speed."
        ),
        files=(
            "mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
            "mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float.h5",
        ),
        checksums=("md5:07fb09a5933dd0c8eaafa16978110389", "md5:59e551e166be033d707958cf9e29a6a7"),
        blocks=r"(expanded_conv(?:_\d+)?|conv_1)",
        preprocessing=Preprocessing.INSIDE,
        licence="Apache-2.0",
        top1=0.756,
    ),
    _keras(
        "vgg16",
        "VGG16",
        "VGG16",
        "VGG",
        later("A classic from 2014: simple to understand, large and slow."),
        files=(
            "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels.h5",
        ),
        checksums=("md5:6d6bbae143d832006294945121d1f1fc", "md5:64373286793e3c8b2b4e3219cbf3544b"),
        blocks=r"(block\d)",
        preprocessing=Preprocessing.CAFFE,
        licence="CC-BY-4.0",
        top1=0.713,
    ),
    _keras(
        "vgg19",
        "VGG19",
        "VGG19",
        "VGG",
        later("VGG16 with three more layers: slower and hardly better."),
        files=(
            "vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "vgg19/vgg19_weights_tf_dim_ordering_tf_kernels.h5",
        ),
        checksums=("md5:253f8cb515780f3b799900260a226db6", "md5:cbe5617147190e668d6c5d5026f83318"),
        blocks=r"(block\d)",
        preprocessing=Preprocessing.CAFFE,
        licence="CC-BY-4.0",
        top1=0.713,
    ),
    _resnet(50, "", 0.749, ("md5:4d473c1dd8becc155b73f8504c6f6626",
                            "md5:2cb95161c43110f7111970584f804107")),
    _resnet(101, "", 0.764, ("md5:88cf7a10940856eca736dc7b7e228a21",
                             "md5:f1aeb4b969a6efcfb50fad2f0c20cfc5")),
    _resnet(152, "", 0.766, ("md5:ee4c566cf9a93f14d82f913c2dc6dd0c",
                             "md5:100835be76be38e30d865e96f2aaae62")),
    _resnet(50, "v2", 0.760, ("md5:fac2f116257151a9d068a22e544a4917",
                              "md5:3ef43a0b657b3be2300d5770ece849e0")),
    _resnet(101, "v2", 0.772, ("md5:c0ed64b8031c3730f411d2eb4eea35b5",
                               "md5:6343647c601c52e1368623803854d971")),
    _resnet(152, "v2", 0.780, ("md5:ed17cf2e0169df9d443503ef94b23b33",
                               "md5:a49b44d1979771252814e80f8ec446f9")),
    _keras(
        "densenet121",
        "DenseNet121",
        "DenseNet121",
        "DenseNet",
        later(
            "Every layer sees the output of all earlier layers: few parameters, "
            "much computation."
        ),
        files=(
            "densenet/densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "densenet/densenet121_weights_tf_dim_ordering_tf_kernels.h5",
        ),
        checksums=("md5:30ee3e1110167f948a6b9946edeeb738", "md5:9d60b8095a5708f2dcce2bca79d332c7"),
        blocks=r"(conv\d)_",
        preprocessing=Preprocessing.TORCH,
        licence="BSD-3-Clause",
        top1=0.750,
    ),
    _keras(
        "inception_v3",
        "InceptionV3",
        "InceptionV3",
        "Inception",
        later(
            "Looks at each place at several scales at once. Larger pictures, "
            "fifteen times the computation."
        ),
        files=(
            "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels.h5",
        ),
        checksums=("md5:bcbd6486424b2319ff4ef7d526e38f63", "md5:9a0d58056eeedaa3f26cb7ebd46da564"),
        blocks=r"(mixed\d+)$",
        preprocessing=Preprocessing.TF,
        licence="Apache-2.0",
        top1=0.779,
        size=299,
    ),
    _keras(
        "xception",
        "Xception",
        "Xception",
        "Xception",
        later(
            "Inception taken to the extreme: each channel is filtered separately. "
            "Accurate and slow."
        ),
        files=(
            "xception/xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "xception/xception_weights_tf_dim_ordering_tf_kernels.h5",
        ),
        checksums=("md5:b0042744bf5b25fce3cb969f33bebb97", "md5:0a58e3b7378bc2990ea3b43d5981f1f6"),
        blocks=r"(block\d+)_",
        preprocessing=Preprocessing.TF,
        licence="MIT",
        top1=0.790,
        size=299,
    ),
    _efficientnet_v2(0, 224, 0.787, ("md5:893217f2bb855e2983157299931e43ff",
                                     "md5:21ecbf6da12460d5c40bb2f29ceb2188")),
    _efficientnet_v2(1, 240, 0.798, ("md5:0e80663031ca32d657f9caa404b6ec37",
                                     "md5:069f0534ff22adf035c89e2d9547a9dc")),
    _efficientnet_v2(2, 260, 0.805, ("md5:1dfe2e7a5d45b6632553a8961ea609eb",
                                     "md5:424e49f28180edbde1e94797771950a7")),
    _efficientnet_v2(3, 300, 0.820, ("md5:f6abf7b5849ac99a89b50dd3fd532856",
                                     "md5:1f1fc43bd98a6e4fd8fdfd551e02c7a0")),
    _keras(
        "convnext_tiny",
        "ConvNeXtTiny",
        "ConvNeXt-Tiny",
        "ConvNeXt",
        later("From 2022: a convolutional network inspired by transformers. Accurate but heavy."),
        files=("convnext/convnext_tiny_notop.h5", "convnext/convnext_tiny.h5"),
        checksums=(
            "sha256:d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
            "sha256:8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff",
        ),
        blocks=r".*(stem|stage_\d_block_\d)",
        preprocessing=Preprocessing.INSIDE,
        licence="MIT",
        top1=0.813,
    ),
)  # fmt: skip
